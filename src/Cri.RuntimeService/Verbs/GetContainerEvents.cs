using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>GetContainerEvents: what happens to pods and containers, until the caller leaves; see <see cref="Events.ContainerEvents"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task GetContainerEvents(
        V1.GetEventsRequest request, IServerStreamWriter<V1.ContainerEventResponse> responseStream, ServerCallContext context)
    {
        using var subscription = events.Subscribe();

        // Now the client may know that it misses nothing.
        await context.WriteResponseHeadersAsync(Metadata.Empty);
        await foreach (var next in subscription.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(next, context.CancellationToken);
        }
    }
}
