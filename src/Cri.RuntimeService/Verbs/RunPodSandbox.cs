using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>RunPodSandbox: makes a pod ready for containers; see <see cref="Sandboxes.SandboxRunner"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.RunPodSandboxResponse> RunPodSandbox(V1.RunPodSandboxRequest request, ServerCallContext context) =>
        new() { PodSandboxId = await sandboxRunner.RunAsync(request, context.CancellationToken) };
}
