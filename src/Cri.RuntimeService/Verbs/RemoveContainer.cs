using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>RemoveContainer: removes a container, running or not. Idempotent, also for an unknown id.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.RemoveContainerResponse> RemoveContainer(V1.RemoveContainerRequest request, ServerCallContext context)
    {
        if (containers.Find(request.ContainerId) is { } container)
        {
            await retries.RunAsync(
                "RemoveContainer",
                container.Id,
                () => containerRemover.RemoveAsync(container, context.CancellationToken),
                token => containerRemover.RemoveAsync(container, token),
                container.TellStuck);
        }

        return new V1.RemoveContainerResponse();
    }
}
