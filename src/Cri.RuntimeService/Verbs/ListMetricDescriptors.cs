using Cri.RuntimeService.Metrics;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListMetricDescriptors: every metric that ListPodSandboxMetrics may name.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ListMetricDescriptorsResponse> ListMetricDescriptors(
        V1.ListMetricDescriptorsRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.ListMetricDescriptorsResponse { Descriptors = { PodMetricsReader.Families.Select(family => family.Descriptor) } });
}
