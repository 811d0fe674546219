using Cri.Grpc;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StreamPodSandboxes: the list of ListPodSandbox, in parts.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task StreamPodSandboxes(
        V1.StreamPodSandboxesRequest request, IServerStreamWriter<V1.StreamPodSandboxesResponse> responseStream, ServerCallContext context) =>
        ChunkedStream.WriteAsync(
            responseStream,
            Listed(request.Filter),
            item => item.CalculateSize(),
            items => new V1.StreamPodSandboxesResponse { PodSandboxes = { items } },
            context.CancellationToken);
}
