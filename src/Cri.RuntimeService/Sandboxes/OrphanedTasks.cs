using System.Text;
using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Grpc.Core;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// Cleans up after a shim that died: the containers it ran are ended through the OCI runtime itself, and what it had mounted
/// or pinned is unmounted.
/// </summary>
public sealed class OrphanedTasks(OciRuntimes runtimes, StateLayout state, Journal journal)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Ends what is left of the sandbox's containers and mounts. A caller that gives up does not stop it half-way: each
    /// container has its own bound. Throws INTERNAL with the OCI runtime's words when one cannot be ended; it may be repeated.
    /// </summary>
    public async Task CleanAsync(Sandbox sandbox, IEnumerable<Container> containers)
    {
        var runtime = runtimes.Require(sandbox.Record.RuntimeHandler);
        foreach (var id in containers.Select(container => container.Id).Append(PodInit.IdOf(sandbox.Id)))
        {
            if (Directory.Exists(Path.Combine(state.RuntimeRoot(runtime.Handler), id)))
            {
                await DeleteAsync(runtime, id);
                journal.Warn($"pod sandbox {sandbox.Id}: its shim died; ended container {id} through {runtime.Handler}");
            }
        }

        MountSweep.Below(sandbox.Files.Directory);
    }

    private async Task DeleteAsync(OciRuntime runtime, string id)
    {
        var result = await Command.RunAsync(
            new CommandOptions
            {
                Path = runtime.Path,
                Arguments = [runtime.Path, "--root", state.RuntimeRoot(runtime.Handler), "delete", "--force", id],
                Timeout = _bound,
            },
            CancellationToken.None);
        if (result.Exit.Code != 0)
        {
            var words = Encoding.UTF8.GetString(result.ErrorOutput.Span).Trim();
            throw new RpcException(new Status(
                StatusCode.Internal, $"end container {id} through {runtime.Handler}: exit code {result.Exit.Code}: {words}"));
        }
    }
}
