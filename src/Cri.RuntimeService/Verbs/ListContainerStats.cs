using Cri.RuntimeService.Containers;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListContainerStats: the usage of all running containers that pass the filter.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ListContainerStatsResponse> ListContainerStats(V1.ListContainerStatsRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.ListContainerStatsResponse { Stats = { Measured(request.Filter) } });

    private IEnumerable<V1.ContainerStats> Measured(V1.ContainerStatsFilter? given)
    {
        var filter = new V1.ContainerFilter
        {
            Id = given?.Id ?? "",
            PodSandboxId = given?.PodSandboxId ?? "",
            State = new V1.ContainerStateValue { State = V1.ContainerState.ContainerRunning },
        };
        if (given is not null)
        {
            filter.LabelSelector.Add(given.LabelSelector);
        }

        return containers.All.Where(container => ContainerView.Matches(container, filter)).Select(stats.Read);
    }
}
