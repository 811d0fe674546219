using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StartContainer: runs a created container; see <see cref="Containers.ContainerStarter"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.StartContainerResponse> StartContainer(V1.StartContainerRequest request, ServerCallContext context)
    {
        await containerStarter.StartAsync(containers.Get(request.ContainerId), context.CancellationToken);
        return new V1.StartContainerResponse();
    }
}
