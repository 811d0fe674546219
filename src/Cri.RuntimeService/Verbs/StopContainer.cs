using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>StopContainer: the stop signal, <c>timeout</c> seconds of grace, then SIGKILL. Idempotent, also for an unknown id.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.StopContainerResponse> StopContainer(V1.StopContainerRequest request, ServerCallContext context)
    {
        if (request.Timeout < 0)
        {
            throw CriError.Invalid($"stop container \"{request.ContainerId}\": timeout {request.Timeout} is negative");
        }

        if (containers.Find(request.ContainerId) is { } container)
        {
            var grace = TimeSpan.FromSeconds(Math.Min(request.Timeout, int.MaxValue / 1000));
            await retries.RunAsync(
                "StopContainer",
                container.Id,
                () => containerStopper.StopAsync(container, grace, context.CancellationToken),
                token => containerStopper.StopAsync(container, TimeSpan.Zero, token),
                container.TellStuck);
        }

        return new V1.StopContainerResponse();
    }
}
