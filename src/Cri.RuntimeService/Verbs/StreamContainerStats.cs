using Cri.Grpc;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StreamContainerStats: the list of ListContainerStats, in parts.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task StreamContainerStats(
        V1.StreamContainerStatsRequest request, IServerStreamWriter<V1.StreamContainerStatsResponse> responseStream, ServerCallContext context) =>
        ChunkedStream.WriteAsync(
            responseStream,
            Measured(request.Filter),
            item => item.CalculateSize(),
            items => new V1.StreamContainerStatsResponse { ContainerStats = { items } },
            context.CancellationToken);
}
