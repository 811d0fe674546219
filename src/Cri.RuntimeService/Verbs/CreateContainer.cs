using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>CreateContainer: prepares a container; see <see cref="Containers.ContainerCreator"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.CreateContainerResponse> CreateContainer(V1.CreateContainerRequest request, ServerCallContext context) =>
        new() { ContainerId = await containerCreator.CreateAsync(request, context.CancellationToken) };
}
