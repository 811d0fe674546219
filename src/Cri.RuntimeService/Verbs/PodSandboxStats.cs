using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>PodSandboxStats: the usage of one ready pod.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.PodSandboxStatsResponse> PodSandboxStats(V1.PodSandboxStatsRequest request, ServerCallContext context)
    {
        var sandbox = sandboxes.Get(request.PodSandboxId);
        if (!sandbox.IsReady)
        {
            throw CriError.Precondition($"stats of pod sandbox {sandbox.Id}: it is not ready, so nothing of it is in use");
        }

        return new V1.PodSandboxStatsResponse { Stats = (await podStats.ReadAsync([sandbox])).Single() };
    }
}
