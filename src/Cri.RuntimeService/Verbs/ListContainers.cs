using Cri.RuntimeService.Containers;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListContainers: all containers that pass the filter.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ListContainersResponse> ListContainers(V1.ListContainersRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.ListContainersResponse
        {
            Containers =
            {
                containers.All.Where(container => ContainerView.Matches(container, request.Filter)).Select(ContainerView.ListItem),
            },
        });
}
