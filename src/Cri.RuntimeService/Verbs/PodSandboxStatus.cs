using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>PodSandboxStatus: a pod and its containers as they are now.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.PodSandboxStatusResponse> PodSandboxStatus(V1.PodSandboxStatusRequest request, ServerCallContext context)
    {
        var sandbox = sandboxes.Get(request.PodSandboxId);
        var response = new V1.PodSandboxStatusResponse
        {
            Status = SandboxView.Status(sandbox),
            ContainersStatuses =
            {
                containers.All.Where(container => container.Sandbox == sandbox).Select(ContainerView.Status),
            },
            Timestamp = Clock.Now,
        };
        if (request.Verbose)
        {
            response.Info.Add(verbose.Of(sandbox));
        }

        return Task.FromResult(response);
    }
}
