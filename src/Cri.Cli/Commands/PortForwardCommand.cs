using System.CommandLine;
using System.Net.Sockets;
using Cri.Api.V1;
using Cri.Cli.Streaming;

namespace Cri.Cli.Commands;

/// <summary><c>crisp port-forward</c>: ports of this machine's loopback that lead to a pod's, until Ctrl-C.</summary>
internal static class PortForwardCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string>("pod") { Description = "The pod: its id, the beginning of it, or its name." };
        var ports = new Argument<string[]>("port")
        {
            Description = "[LOCAL:]REMOTE, both the same when there is one; :REMOTE takes a free local port.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("port-forward", "Reach ports of a pod from this machine.") { word, ports };
        options.SetAction(command, (session, parsed) =>
            RunAsync(session, parsed.GetValue(word)!, [.. parsed.GetValue(ports)!.Select(ForwardedPort.Parse)]));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string word, IReadOnlyList<ForwardedPort> ports)
    {
        var pod = (await NodeObjects.ReadAsync(session)).FindPod(word) ?? throw new CommandFailure(word, "no such pod");
        if (pod.State != PodSandboxState.SandboxReady)
        {
            throw new CommandFailure($"port-forward to {word}", "the pod is not ready");
        }

        var listeners = new List<PortListener>();
        try
        {
            listeners.AddRange(ports.Select(port => Listen(session, port)));
            await Task.WhenAll(listeners.Select(listener =>
                listener.RunAsync((local, remote) => ForwardAsync(session, pod.Id, local, remote), session.Interrupted)));
        }
        finally
        {
            listeners.ForEach(listener => listener.Dispose());
        }

        return 0;
    }

    private static PortListener Listen(Session session, ForwardedPort port)
    {
        var listener = new PortListener(port);
        session.Terminal.WriteLine($"Forwarding from {listener.Local} -> {listener.Remote}");
        return listener;
    }

    // One connection that fails does not end the others.
    private static async Task ForwardAsync(Session session, string podId, Socket local, int remote)
    {
        using (local)
        {
            var what = $"forward to port {remote}";
            try
            {
                var request = new PortForwardRequest { PodSandboxId = podId, Port = { remote } };
                var response = await CommandFailure.ExplainAsync(what, session.Runtime.PortForwardAsync(request, session.Options));
                using var channels = await ChannelSocket.ConnectAsync(what, response.Url, PortForwardClient.Protocol, session.Interrupted);
                var complaint = await new PortForwardClient(local, channels).RunAsync(session.Interrupted);
                if (complaint.Length > 0)
                {
                    session.Terminal.WriteError($"crisp: {what}: {complaint}\n");
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException || session.Interrupted.IsCancellationRequested)
            {
                // The local side has left, or Ctrl-C.
            }
            catch (CommandFailure e)
            {
                session.Terminal.WriteError($"crisp: {e.Message}\n");
            }
        }
    }
}
