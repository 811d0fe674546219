using Cri.Grpc;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StreamContainers: the list of ListContainers, in parts.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task StreamContainers(
        V1.StreamContainersRequest request, IServerStreamWriter<V1.StreamContainersResponse> responseStream, ServerCallContext context) =>
        ChunkedStream.WriteAsync(
            responseStream,
            Listed(request.Filter),
            item => item.CalculateSize(),
            items => new V1.StreamContainersResponse { Containers = { items } },
            context.CancellationToken);
}
