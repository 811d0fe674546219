using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Runtimes;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// Cleans up after a shim that died: the containers it ran are ended through the OCI runtime itself, and what it had mounted
/// or pinned is unmounted.
/// </summary>
public sealed class OrphanedTasks(OciRuntimes runtimes, StateLayout state, Journal journal)
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(30);

    /// <summary>Ends what is left of the sandbox's containers and mounts.</summary>
    public async Task CleanAsync(Sandbox sandbox, IEnumerable<Container> containers, CancellationToken cancellationToken)
    {
        var runtime = runtimes.Require(sandbox.Record.RuntimeHandler);
        foreach (var id in containers.Select(container => container.Id).Append(PodInit.IdOf(sandbox.Id)))
        {
            if (Directory.Exists(Path.Combine(state.RuntimeRoot(runtime.Name), id)))
            {
                var code = await DeleteAsync(runtime, id, cancellationToken);
                journal.Warn($"pod sandbox {sandbox.Id}: its shim died; ended container {id} through {runtime.Name} (exit code {code})");
            }
        }

        Mount.UnmountBelow(sandbox.Files.Directory);
    }

    private async Task<int> DeleteAsync(OciRuntime runtime, string id, CancellationToken cancellationToken)
    {
        var pid = ChildProcess.Start(new ChildProcessOptions
        {
            Path = runtime.Path,
            Arguments = [runtime.Path, "--root", state.RuntimeRoot(runtime.Name), "delete", "--force", id],
        });
        using var process = PidFd.Open(pid);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(s_bound);
        while (true)
        {
            if (PidFd.TryReap(process) is { } exit)
            {
                return exit.Code;
            }

            if (bound.IsCancellationRequested)
            {
                PidFd.Signal(process, Signals.Kill);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None);
        }
    }
}
