using Cri.Grpc;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StreamPodSandboxMetrics: the list of ListPodSandboxMetrics, in parts.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task StreamPodSandboxMetrics(
        V1.StreamPodSandboxMetricsRequest request, IServerStreamWriter<V1.StreamPodSandboxMetricsResponse> responseStream, ServerCallContext context) =>
        await ChunkedStream.WriteAsync(
            responseStream,
            await PodMetricsAsync(),
            item => item.CalculateSize(),
            items => new V1.StreamPodSandboxMetricsResponse { PodSandboxMetrics = { items } },
            context.CancellationToken);
}
