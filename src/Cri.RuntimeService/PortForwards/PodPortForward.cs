using System.Net;
using System.Net.Sockets;
using Cri.Linux;
using Cri.RuntimeService.Sandboxes;
using Cri.Streaming;

namespace Cri.RuntimeService.PortForwards;

/// <summary>
/// Connections to a pod's loopback. A socket belongs for good to the network namespace it was made in, so that only its making
/// needs a thread in there; no program is started and nothing stays behind.
/// </summary>
public static class PodPortForward
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(30);
    private static readonly IPAddress[] _loopbacks = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    /// <summary>
    /// Connects to a TCP port of the pod's 127.0.0.1 or else ::1; the caller owns the socket. Throws
    /// <see cref="StreamException"/> when the pod is not ready or nothing answers at the port within 30 s.
    /// </summary>
    /// <param name="sandbox">The pod.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async Task<Socket> ConnectAsync(Sandbox sandbox, int port, CancellationToken cancellationToken)
    {
        if (port is < 1 or > 65535)
        {
            throw new StreamException($"port-forward to pod {sandbox.Id}: {port} is no port");
        }

        if (!sandbox.IsReady)
        {
            throw new StreamException($"port-forward to pod {sandbox.Id}, port {port}: the pod sandbox is not ready");
        }

        var causes = new List<string>();
        foreach (var address in _loopbacks)
        {
            try
            {
                return await ConnectAsync(sandbox, new IPEndPoint(address, port), cancellationToken);
            }
            catch (Exception error) when (error is SocketException or LinuxException or TimeoutException)
            {
                causes.Add($"{address}: {error.Message}");
            }
        }

        throw new StreamException($"port-forward to pod {sandbox.Id}, port {port}: {string.Join("; ", causes)}");
    }

    private static async Task<Socket> ConnectAsync(Sandbox sandbox, IPEndPoint end, CancellationToken cancellationToken)
    {
        var socket = SandboxNamespaces.HostNetwork(sandbox.Record.Config)
            ? NewSocket(end.AddressFamily)
            : await MakeInsideAsync(sandbox.Files.Namespace("net"), end.AddressFamily);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_bound);
        try
        {
            await socket.ConnectAsync(end, bound.Token);
            return socket;
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error is OperationCanceledException && !cancellationToken.IsCancellationRequested
                ? new TimeoutException($"no answer within {_bound.TotalSeconds:0} s")
                : error;
        }
    }

    private static Task<Socket> MakeInsideAsync(string ns, AddressFamily family) =>
        OwnThread.RunAsync(() => Namespaces.WithinNet(ns, () => NewSocket(family)));

    private static Socket NewSocket(AddressFamily family) => new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
