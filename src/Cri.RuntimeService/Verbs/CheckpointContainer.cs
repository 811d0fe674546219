using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>CheckpointContainer: writes a container's state to an archive; see <see cref="Checkpoints.ContainerCheckpointer"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.CheckpointContainerResponse> CheckpointContainer(
        V1.CheckpointContainerRequest request, ServerCallContext context)
    {
        TimeSpan? timeout = request.Timeout > 0 ? TimeSpan.FromSeconds(Math.Min(request.Timeout, int.MaxValue / 1000)) : null;
        await containerCheckpointer.CheckpointAsync(
            containers.Get(request.ContainerId), request.Location, timeout, context.CancellationToken);
        return new V1.CheckpointContainerResponse();
    }
}
