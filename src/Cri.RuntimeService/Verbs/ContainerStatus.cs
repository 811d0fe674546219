using Cri.RuntimeService.Containers;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ContainerStatus: a container as it is now.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ContainerStatusResponse> ContainerStatus(V1.ContainerStatusRequest request, ServerCallContext context)
    {
        var container = containers.Get(request.ContainerId);
        var response = new V1.ContainerStatusResponse { Status = ContainerView.Status(container) };
        if (request.Verbose)
        {
            response.Info.Add(verbose.Of(container));
        }

        return Task.FromResult(response);
    }
}
