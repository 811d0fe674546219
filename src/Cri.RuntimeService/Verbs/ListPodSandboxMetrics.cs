using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListPodSandboxMetrics: the metrics of all ready pods.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.ListPodSandboxMetricsResponse> ListPodSandboxMetrics(
        V1.ListPodSandboxMetricsRequest request, ServerCallContext context) => new() { PodMetrics = { await PodMetricsAsync() } };

    private Task<IEnumerable<V1.PodSandboxMetrics>> PodMetricsAsync() =>
        podMetrics.ReadAsync([.. sandboxes.All.Where(sandbox => sandbox.IsReady)]);
}
