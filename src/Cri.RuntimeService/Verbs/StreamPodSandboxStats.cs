using Cri.Grpc;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StreamPodSandboxStats: the list of ListPodSandboxStats, in parts.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task StreamPodSandboxStats(
        V1.StreamPodSandboxStatsRequest request, IServerStreamWriter<V1.StreamPodSandboxStatsResponse> responseStream, ServerCallContext context) =>
        await ChunkedStream.WriteAsync(
            responseStream,
            await MeasuredAsync(request.Filter),
            item => item.CalculateSize(),
            items => new V1.StreamPodSandboxStatsResponse { PodSandboxStats = { items } },
            context.CancellationToken);
}
