using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ContainerStats: the usage of one container.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ContainerStatsResponse> ContainerStats(V1.ContainerStatsRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.ContainerStatsResponse { Stats = stats.Read(containers.Get(request.ContainerId)) });
}
