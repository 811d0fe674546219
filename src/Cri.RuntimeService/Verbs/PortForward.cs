using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.PortForwards;
using Cri.Streaming;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>PortForward: the URL under which a client reaches a pod's ports; see <see cref="PodPortForward"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.PortForwardResponse> PortForward(V1.PortForwardRequest request, ServerCallContext context)
    {
        var operation = $"port-forward to pod sandbox \"{request.PodSandboxId}\"";
        if (request.Port.Any(port => port is < 1 or > ushort.MaxValue))
        {
            throw CriError.Invalid($"{operation}: a port is not from 1 to 65535");
        }

        var sandbox = sandboxes.Get(request.PodSandboxId);
        if (!sandbox.IsReady)
        {
            throw CriError.Precondition($"{operation}: it is not ready");
        }

        var url = StreamChoice.Register(streaming, operation, new PortForwardRequest(
            [.. request.Port], (port, cancelled) => PodPortForward.ConnectAsync(sandbox, port, cancelled)));
        return Task.FromResult(new V1.PortForwardResponse { Url = url });
    }
}
