using Cri.RuntimeService.Stats;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListPodSandboxStats: the usage of all ready pods that pass the filter.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.ListPodSandboxStatsResponse> ListPodSandboxStats(
        V1.ListPodSandboxStatsRequest request, ServerCallContext context) =>
        new() { Stats = { await MeasuredAsync(request.Filter) } };

    private Task<IEnumerable<V1.PodSandboxStats>> MeasuredAsync(V1.PodSandboxStatsFilter? filter) =>
        podStats.ReadAsync([.. sandboxes.All.Where(sandbox => PodStatsReader.Matches(sandbox, filter))]);
}
