using Cri.Linux;
using Cri.Linux.Faults;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// The execs that an earlier server left when it died: nobody reads their output, waits for them or minds their timeout any more. Their
/// pipes in the bundle tell of them.
/// </summary>
internal static class AbandonedExecs
{
    private const string Pattern = "exec-*-std*";
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Ends them as a client's leaving would, bounded, and removes what they have in the bundle.</summary>
    public static async Task EndAsync(Container container, Shim shim, CancellationToken cancellationToken)
    {
        var pipes = Directory.EnumerateFiles(container.Files.Bundle, Pattern).ToList();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_bound);
        foreach (var id in pipes.Select(path => Path.GetFileName(path)).Select(name => name[..name.LastIndexOf('-')]).Distinct())
        {
            await EndAsync(container, shim, id, bound.Token);
        }

        pipes.ForEach(File.Delete);
        FaultPoint.Reach(FaultPoints.RecoverExecsEnded);
    }

    // One that runs cannot be deleted, and one that is being started can be neither killed nor deleted.
    private static async Task EndAsync(Container container, Shim shim, string id, CancellationToken cancellationToken)
    {
        var delete = new DeleteRequest { Id = container.Id, ExecId = id };
        var kill = new KillRequest { Id = container.Id, ExecId = id, Signal = Signals.SigKill, All = true };
        try
        {
            while (await IsRefusedAsync(shim.Tasks.DeleteAsync(delete, cancellationToken)))
            {
                await IsRefusedAsync(shim.Tasks.KillAsync(kill, cancellationToken));
                await Task.Delay(_pause, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // It is stuck, and goes with its container.
        }
    }

    // False as well for one that is not known any more.
    private static async Task<bool> IsRefusedAsync(Task call)
    {
        try
        {
            await call;
            return false;
        }
        catch (TtrpcException error)
        {
            return error.Code == TtrpcStatusCode.FailedPrecondition;
        }
    }
}
