using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>RemovePodSandbox: removes a pod and its containers, running or not. Idempotent, also for an unknown id.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.RemovePodSandboxResponse> RemovePodSandbox(V1.RemovePodSandboxRequest request, ServerCallContext context)
    {
        if (sandboxes.Find(request.PodSandboxId) is { } sandbox)
        {
            await retries.RunAsync(
                "RemovePodSandbox",
                sandbox.Id,
                () => sandboxRemover.RemoveAsync(sandbox, context.CancellationToken),
                token => sandboxRemover.RemoveAsync(sandbox, token),
                sandbox.TellStuck);
        }

        return new V1.RemovePodSandboxResponse();
    }
}
