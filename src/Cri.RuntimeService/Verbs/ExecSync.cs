using Cri.RuntimeService.Execs;
using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ExecSync: runs a command in a container; see <see cref="SyncExec"/>.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.ExecSyncResponse> ExecSync(V1.ExecSyncRequest request, ServerCallContext context)
    {
        if (request.Cmd.Count == 0)
        {
            throw CriError.Invalid($"exec in container \"{request.ContainerId}\": the command is empty");
        }

        TimeSpan? timeout = request.Timeout > 0 ? TimeSpan.FromSeconds(Math.Min(request.Timeout, int.MaxValue / 1000)) : null;
        return SyncExec.RunAsync(containers.Get(request.ContainerId), request.Cmd, timeout, context.CancellationToken);
    }
}
