using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StopPodSandbox: ends all of a pod's processes and gives its network back. Idempotent, also for an unknown id.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.StopPodSandboxResponse> StopPodSandbox(V1.StopPodSandboxRequest request, ServerCallContext context)
    {
        if (sandboxes.Find(request.PodSandboxId) is { } sandbox)
        {
            await retries.RunAsync(
                "StopPodSandbox",
                sandbox.Id,
                () => sandboxStopper.StopAsync(sandbox, context.CancellationToken),
                token => sandboxStopper.StopAsync(sandbox, token),
                sandbox.TellStuck);
        }

        return new V1.StopPodSandboxResponse();
    }
}
