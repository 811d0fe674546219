using Cri.RuntimeService.Attaches;
using Cri.RuntimeService.Lifecycle;
using Cri.Streaming;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>Attach: the URL under which a client joins a container's own process; see <see cref="ContainerAttach"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.AttachResponse> Attach(V1.AttachRequest request, ServerCallContext context)
    {
        var operation = $"attach to container \"{request.ContainerId}\"";
        StreamChoice.Check(operation, request.Stdin, request.Stdout, request.Stderr, request.Tty);
        var container = StreamChoice.Running(operation, containers.Get(request.ContainerId));
        var url = StreamChoice.Register(streaming, operation, new TerminalRequest(
            TerminalVerb.Attach,
            request.Stdin,
            request.Stdout,
            request.Stderr,
            request.Tty,
            (streams, gone) => ContainerAttach.RunAsync(container, request.Tty, streams, gone)));
        return Task.FromResult(new V1.AttachResponse { Url = url });
    }
}
