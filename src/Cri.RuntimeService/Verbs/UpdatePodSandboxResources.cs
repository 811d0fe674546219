using Cri.RuntimeService.Spec;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>
/// UpdatePodSandboxResources: the kubelet tells what a pod may use in all. It owns the pod's cgroup and sets the limits there
/// itself (CRI, UpdatePodSandboxResources), so the values are checked and recorded.
/// </content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.UpdatePodSandboxResourcesResponse> UpdatePodSandboxResources(
        V1.UpdatePodSandboxResourcesRequest request, ServerCallContext context)
    {
        var sandbox = sandboxes.Get(request.PodSandboxId);
        ResourceRequest.Check(request.Overhead, host, $"pod sandbox {sandbox.Id}: overhead");
        ResourceRequest.Check(request.Resources, host, $"pod sandbox {sandbox.Id}: resources");
        using var turn = await sandbox.Gate.EnterAsync("UpdatePodSandboxResources", context.CancellationToken);
        _ = sandboxes.Get(sandbox.Id); // it may have been removed meanwhile
        sandbox.Update(record => record with
        {
            Overhead = request.Overhead ?? record.Overhead,
            Resources = request.Resources ?? record.Resources,
        });
        return new V1.UpdatePodSandboxResourcesResponse();
    }
}
