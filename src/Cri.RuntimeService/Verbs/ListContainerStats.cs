using Cri.RuntimeService.Containers;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListContainerStats: the usage of all running containers that pass the filter.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ListContainerStatsResponse> ListContainerStats(V1.ListContainerStatsRequest request, ServerCallContext context)
    {
        var filter = new V1.ContainerFilter
        {
            Id = request.Filter?.Id ?? "",
            PodSandboxId = request.Filter?.PodSandboxId ?? "",
            State = new V1.ContainerStateValue { State = V1.ContainerState.ContainerRunning },
        };
        if (request.Filter is { } given)
        {
            filter.LabelSelector.Add(given.LabelSelector);
        }

        return Task.FromResult(new V1.ListContainerStatsResponse
        {
            Stats = { containers.All.Where(container => ContainerView.Matches(container, filter)).Select(stats.Read) },
        });
    }
}
