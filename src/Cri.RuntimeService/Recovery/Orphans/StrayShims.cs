using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>
/// Shims of pods that nobody knows. A process is one of ours when its arguments name a bundle in our directory of pods, and that path
/// leads it to the same directory as us: a crispd in a container of its own may use the same path.
/// </summary>
public sealed class StrayShims(StateLayout state) : IOrphans
{
    private static readonly TimeSpan _exitBound = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var pods = state.RealPods;
        var shims = ProcessView.All().Select(pid => (Pid: pid, Bundle: BundleOf(pid)))
            .Where(shim => shim.Bundle.Length > 0 && ProcessView.Shares(shim.Pid, pods)).ToList();
        var owners = ownership.Now();
        foreach (var (pid, bundle) in shims)
        {
            var id = Path.GetFileName(bundle);
            if (!owners.Own(id))
            {
                yield return Of(pid, bundle, $"no pod sandbox {id} is known");
            }
            else if (owners.Pods.TryGetValue(id, out var sandbox) && sandbox.Record.ShimPid != pid && sandbox.Shim?.Pid != pid)
            {
                yield return Of(pid, bundle, sandbox.Record.ShimPid == 0 ? $"pod sandbox {id} is stopped" : $"pod sandbox {id} has the shim {sandbox.Record.ShimPid}");
            }
        }
    }

    /// <inheritdoc/>
    public async Task RepairAsync(Finding finding, CancellationToken cancellationToken)
    {
        var pid = int.Parse(finding.Subject);
        Fd process;
        try
        {
            process = PidFd.Open(pid);
        }
        catch (LinuxException gone) when (gone.Error == Errno.ESRCH)
        {
            return;
        }

        using (process)
        {
            // Held by the pidfd, it is still what was found.
            if (BundleOf(pid) == finding.Path)
            {
                PidFd.Signal(process, Signals.SigKill);
                await AwaitEndAsync(process, pid, cancellationToken);
            }
        }
    }

    private static Finding Of(int pid, string bundle, string why) => new(FindingKind.Shim, $"{pid}", bundle, why, "kill");

    private static async Task AwaitEndAsync(Fd process, int pid, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_exitBound);
        while (!PidFd.HasEnded(process))
        {
            try
            {
                await Task.Delay(10, bound.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"process {pid} did not end within {_exitBound.TotalSeconds:0} s after SIGKILL");
            }
        }
    }

    // As ShimLauncher starts them: serve --id ID --bundle DIRECTORY.
    private string BundleOf(int pid)
    {
        var arguments = ProcessView.Arguments(pid);
        return arguments is [_, "serve", "--id", var id, "--bundle", var bundle, ..]
            && ObjectId.IsValid(id) && bundle == state.Pod(id).Directory
                ? bundle
                : "";
    }
}
