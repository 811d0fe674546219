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

        // What happens while this looks is newer than the answer, as a kubelet compares them.
        var before = Clock.Now;
        var response = new V1.PodSandboxStatusResponse
        {
            Status = SandboxView.Status(sandbox),
            ContainersStatuses =
            {
                containers.All.Where(container => container.Sandbox == sandbox).Select(ContainerView.Status),
            },
            Timestamp = before,
        };
        if (request.Verbose)
        {
            response.Info.Add(verbose.Of(sandbox));
        }

        return Task.FromResult(response);
    }
}
