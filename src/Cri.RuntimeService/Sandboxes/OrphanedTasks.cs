using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// Cleans up after a shim that died: the containers it ran are ended through the OCI runtime itself, and what it had mounted
/// or pinned is unmounted.
/// </summary>
public sealed class OrphanedTasks(OciRuntimes runtimes, StateLayout state, Journal journal)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(30);

    /// <summary>Ends what is left of the sandbox's containers and mounts.</summary>
    public async Task CleanAsync(Sandbox sandbox, IEnumerable<Container> containers, CancellationToken cancellationToken)
    {
        var runtime = runtimes.Require(sandbox.Record.RuntimeHandler);
        foreach (var id in containers.Select(container => container.Id).Append(PodInit.IdOf(sandbox.Id)))
        {
            if (Directory.Exists(Path.Combine(state.RuntimeRoot(runtime.Handler), id)))
            {
                var code = await DeleteAsync(runtime, id, cancellationToken);
                journal.Warn($"pod sandbox {sandbox.Id}: its shim died; ended container {id} through {runtime.Handler} (exit code {code})");
            }
        }

        MountSweep.Below(sandbox.Files.Directory);
    }

    private async Task<int> DeleteAsync(OciRuntime runtime, string id, CancellationToken cancellationToken)
    {
        var result = await Command.RunAsync(
            new CommandOptions
            {
                Path = runtime.Path,
                Arguments = [runtime.Path, "--root", state.RuntimeRoot(runtime.Handler), "delete", "--force", id],
                Timeout = _bound,
            },
            cancellationToken);
        return result.Exit.Code;
    }
}
