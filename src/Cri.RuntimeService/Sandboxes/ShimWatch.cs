using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// Tells of pods whose shim, or the init of whose shared PID namespace, ends without having been asked to: they are not ready any
/// more, and say why. What such a shim leaves running is ended at once, since nobody collects its output and exit.
/// </summary>
public sealed class ShimWatch(OrphanedTasks orphans, ContainerEvents events, Journal journal)
{
    private static readonly TimeSpan _exitBound = TimeSpan.FromSeconds(5);

    /// <summary>Watches the shim of a ready pod, and its init if it has one, until they end.</summary>
    public void Watch(Sandbox sandbox)
    {
        if (sandbox.Shim is { } shim)
        {
            // It outlives the call that it begins in, and is no step of it.
            using var apart = ExecutionContext.SuppressFlow();
            _ = shim.Disconnected.ContinueWith(_ => ShimEndedAsync(sandbox, shim), TaskScheduler.Default);
            if (sandbox.Record.InitPid > 0)
            {
                _ = WatchInitAsync(sandbox, shim);
            }
        }
    }

    private async Task ShimEndedAsync(Sandbox sandbox, Shim shim)
    {
        await EndAsync(shim);
        await FailAsync(sandbox, $"its shim (pid {shim.Pid}) ended unexpectedly");
        if (sandbox.Record.Phase == SandboxPhase.Ready && SandboxNamespaces.SharedPid(sandbox.Record.Config))
        {
            await EndInitAsync(sandbox);
        }
    }

    // One that only hung up cannot be spoken to again: it holds a pod that nobody rules.
    private static async Task EndAsync(Shim shim)
    {
        try
        {
            shim.Kill();
            using var bound = new CancellationTokenSource(_exitBound);
            await shim.WaitForExitAsync(bound.Token);
        }
        catch (ObjectDisposedException)
        {
            // A stop has ended it.
        }
    }

    private async Task WatchInitAsync(Sandbox sandbox, Shim shim)
    {
        var how = "is not known to its shim";
        try
        {
            var exit = await shim.Tasks.WaitAsync(new WaitRequest { Id = PodInit.IdOf(sandbox.Id) }, CancellationToken.None);
            how = $"ended with exit code {exit.ExitStatus}";
        }
        catch (TtrpcException error) when (error.Code != TtrpcStatusCode.NotFound)
        {
            // The shim itself has ended, which is told of elsewhere.
            return;
        }

        await FailAsync(sandbox, $"the init (pid {sandbox.Record.InitPid}) of its PID namespace {how}");
    }

    // A stop under way has its turn first, and tells of itself.
    private async Task FailAsync(Sandbox sandbox, string why)
    {
        using var turn = await sandbox.Gate.EnterAtLastAsync("end of its shim");
        if (sandbox.Record is { Phase: SandboxPhase.Ready, Failure: null } && Directory.Exists(sandbox.Files.Directory))
        {
            sandbox.UpdateAnyhow(record => record with { Failure = why }, journal);
            journal.Warn($"pod sandbox {sandbox.Id}: {why}");
            events.Stopped(sandbox);
        }
    }

    private async Task EndInitAsync(Sandbox sandbox)
    {
        try
        {
            await orphans.EndAsync(sandbox, PodInit.IdOf(sandbox.Id));
        }
        catch (Exception error) when (error is RpcException or IOException or UnauthorizedAccessException)
        {
            journal.Warn($"pod sandbox {sandbox.Id}: {error.Message}; its stop tries again");
        }
    }
}
