using Cri.RuntimeService.Sandboxes;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListPodSandbox: all pods that pass the filter.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ListPodSandboxResponse> ListPodSandbox(V1.ListPodSandboxRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.ListPodSandboxResponse
        {
            Items =
            {
                sandboxes.All.Where(sandbox => SandboxView.Matches(sandbox, request.Filter)).Select(SandboxView.ListItem),
            },
        });
}
