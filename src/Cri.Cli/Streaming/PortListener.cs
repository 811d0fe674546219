using System.Net;
using System.Net.Sockets;

namespace Cri.Cli.Streaming;

/// <summary>A local port, on 127.0.0.1 only, whose connections are forwarded to a pod's.</summary>
internal sealed class PortListener : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Begins to listen.</summary>
    /// <exception cref="CommandFailure">The local port cannot be had.</exception>
    public PortListener(ForwardedPort port)
    {
        Remote = port.Remote;
        try
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, port.Local));
            _listener.Listen();
        }
        catch (SocketException e)
        {
            _listener.Dispose();
            throw new CommandFailure($"listen on 127.0.0.1:{port.Local}", e.Message);
        }
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Local => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>The pod's port.</summary>
    public int Remote { get; }

    /// <summary>Accepts until it is cancelled, and waits for what it has accepted.</summary>
    /// <param name="forwardAsync">Carries a connection to its end and disposes it; never throws but for a bug.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<Socket, int, Task> forwardAsync, CancellationToken cancellationToken)
    {
        var running = new HashSet<Task>();
        try
        {
            while (true)
            {
                var connection = await _listener.AcceptAsync(cancellationToken);
                running.RemoveWhere(task => task.IsCompletedSuccessfully);
                running.Add(forwardAsync(connection, Remote));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(running);
        }
    }

    public void Dispose() => _listener.Dispose();
}
