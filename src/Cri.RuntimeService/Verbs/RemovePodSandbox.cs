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
            await sandboxRemover.RemoveAsync(sandbox, context.CancellationToken);
        }

        return new V1.RemovePodSandboxResponse();
    }
}
