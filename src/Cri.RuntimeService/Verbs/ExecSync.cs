using Cri.RuntimeService.Execs;
using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ExecSync: runs a command in a container; see <see cref="SyncExec"/>.</content>
public sealed partial class RuntimeServer
{
    // Each may hold 32 MiB of output.
    private const int MaxExecs = 256;
    private readonly Admission _execs = new("commands of ExecSync", MaxExecs);

    /// <inheritdoc/>
    public override async Task<V1.ExecSyncResponse> ExecSync(V1.ExecSyncRequest request, ServerCallContext context)
    {
        var operation = $"exec in container \"{request.ContainerId}\"";
        if (request.Cmd.Count == 0)
        {
            throw CriError.Invalid($"{operation}: the command is empty");
        }

        RequestSize.CheckCommand(operation, request.Cmd);
        using var place = _execs.Enter(operation);

        TimeSpan? timeout = request.Timeout > 0 ? TimeSpan.FromSeconds(Math.Min(request.Timeout, int.MaxValue / 1000)) : null;
        return await SyncExec.RunAsync(containers.Get(request.ContainerId), request.Cmd, timeout, context.CancellationToken);
    }
}
