using Cri.RuntimeService.Execs;
using Cri.RuntimeService.Lifecycle;
using Cri.Streaming;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>Exec: the URL under which a client runs a command in a container; see <see cref="StreamExec"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ExecResponse> Exec(V1.ExecRequest request, ServerCallContext context)
    {
        var operation = $"exec in container \"{request.ContainerId}\"";
        if (request.Cmd.Count == 0)
        {
            throw CriError.Invalid($"{operation}: the command is empty");
        }

        RequestSize.CheckCommand(operation, request.Cmd);
        StreamChoice.Check(operation, request.Stdin, request.Stdout, request.Stderr, request.Tty);
        var container = StreamChoice.Running(operation, containers.Get(request.ContainerId));
        IReadOnlyList<string> command = [.. request.Cmd];
        var url = StreamChoice.Register(streaming, operation, new TerminalRequest(
            TerminalVerb.Exec,
            request.Stdin,
            request.Stdout,
            request.Stderr,
            request.Tty,
            (streams, gone) => StreamExec.RunAsync(container, command, request.Tty, streams, gone)));
        return Task.FromResult(new V1.ExecResponse { Url = url });
    }
}
