using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>UpdateContainerResources: changes limits of a created or running container; see <see cref="Containers.ResourceUpdater"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.UpdateContainerResourcesResponse> UpdateContainerResources(
        V1.UpdateContainerResourcesRequest request, ServerCallContext context)
    {
        var container = containers.Get(request.ContainerId);
        if (request.Windows is not null)
        {
            throw CriError.Invalid($"update container {container.Id}: windows: this is a Linux node");
        }

        await resourceUpdater.UpdateAsync(
            container, request.Linux ?? new V1.LinuxContainerResources(), request.Annotations, context.CancellationToken);
        return new V1.UpdateContainerResourcesResponse();
    }
}
