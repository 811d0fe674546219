using System.Text;
using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Spec;
using Grpc.Core;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// Cleans up after a shim that has ended, most often because it died: the containers it ran are ended, through the OCI runtime and by
/// their cgroups, with what the shim had started for them, and what it had mounted or pinned is unmounted.
/// </summary>
public sealed class OrphanedTasks(OciRuntimes runtimes, StateLayout state, CgroupDriver cgroups, CgroupLedger ledger, Journal journal)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _cgroupBound = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Ends what is left of the sandbox's containers and mounts. A caller that gives up does not stop it half-way: each
    /// container has its own bound. Throws INTERNAL with pids and the OCI runtime's words when one cannot be ended; it may be
    /// repeated.
    /// </summary>
    public async Task CleanAsync(Sandbox sandbox, IEnumerable<Container> containers)
    {
        await EndShimAsync(sandbox);
        foreach (var id in Ids(sandbox, containers))
        {
            await EndAsync(sandbox, id);
            using var bound = new CancellationTokenSource(_bound);
            await ledger.RemoveAsync(id, bound.Token);
        }

        MountSweep.Below(sandbox.Files.Directory);
    }

    /// <summary>Ends those of the sandbox's containers that the OCI runtime still has a state of, though their shim let go of them.</summary>
    public async Task CleanForgottenAsync(Sandbox sandbox, IEnumerable<Container> containers)
    {
        foreach (var id in Ids(sandbox, containers))
        {
            await EndForgottenAsync(sandbox, id);
        }
    }

    /// <summary>
    /// Ends one container of the sandbox: while its shim lives, and once the whole sandbox was stopped, only if the OCI runtime still has
    /// a state of it. Else anything may run that the shim had started, and every process is looked at.
    /// </summary>
    public Task EndLeftAsync(Sandbox sandbox, string id) =>
        sandbox.Shim is { IsAlive: true } || sandbox.Record.Phase == SandboxPhase.Stopped ? EndForgottenAsync(sandbox, id) : EndAsync(sandbox, id);

    /// <summary>Ends a container if the OCI runtime still has a state of it.</summary>
    public Task EndForgottenAsync(Sandbox sandbox, string id) =>
        Directory.Exists(RuntimeState(sandbox, id)) ? EndAsync(sandbox, id) : Task.CompletedTask;

    /// <summary>Ends a shim that lives though it cannot be reached, or was never recorded; a connected one is none of these.</summary>
    public async Task EndShimAsync(Sandbox sandbox)
    {
        if (sandbox.Shim is null or { IsAlive: false }
            && await StrayProcesses.EndAsync("serve", "--id", sandbox.Id, "--bundle", sandbox.Files.Directory) is { Count: > 0 } pids)
        {
            journal.Warn($"pod sandbox {sandbox.Id}: ended its unreachable shim (pid {string.Join(", ", pids)})");
        }
    }

    /// <summary>Ends one container of the sandbox and has the OCI runtime forget it; nothing happens when nothing is left of it.</summary>
    public async Task EndAsync(Sandbox sandbox, string id)
    {
        var directory = RuntimeState(sandbox, id);
        var root = Path.GetDirectoryName(directory)!;

        // Null when it is not configured any more: the rest is done without it.
        var runtime = runtimes.Find(Path.GetFileName(root));
        var cgroup = ContainerCgroup.Of(cgroups.PathOf(sandbox.Record.Config.Linux?.CgroupParent ?? "", id), id);
        var strays = await StrayProcesses.EndAsync("--root", root, id);
        if (strays.Count == 0 && !Directory.Exists(directory) && cgroup is not { Exists: true })
        {
            return;
        }

        var words = !Directory.Exists(directory) ? ""
            : runtime is null ? $"its OCI runtime \"{Path.GetFileName(root)}\" is not configured any more"
            : await TryDeleteAsync(runtime, id);
        if (cgroup is not null && !await cgroup.RemoveAsync(_cgroupBound, Task.Delay))
        {
            words = $"processes {string.Join(", ", cgroup.Pids())} in its cgroup do not end; {words}";
            throw new RpcException(new Status(StatusCode.Internal, $"end container {id} of pod sandbox {sandbox.Id}: {words}"));
        }

        if (Directory.Exists(directory))
        {
            // The runtime could not; what it keeps of a container without processes is of no use to anyone.
            Directory.Delete(directory, recursive: true);
        }

        journal.Warn($"pod sandbox {sandbox.Id}: ended container {id}, whose shim died or let go of it{(words.Length > 0 ? ": " + words : "")}");
    }

    /// <summary>Ends one container through the OCI runtime that knows it. Throws INTERNAL with the runtime's words.</summary>
    public async Task DeleteAsync(OciRuntime runtime, string id)
    {
        if (await TryDeleteAsync(runtime, id) is { Length: > 0 } words)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"end container {id}: {words}"));
        }
    }

    private static IEnumerable<string> Ids(Sandbox sandbox, IEnumerable<Container> containers) =>
        containers.Select(container => container.Id).Append(PodInit.IdOf(sandbox.Id));

    // Of the runtime that made it, which need not be the one that its handler, or none, means by now.
    private string RuntimeState(Sandbox sandbox, string id)
    {
        var handler = runtimes.Find(sandbox.Record.RuntimeHandler)?.Handler ?? sandbox.Record.RuntimeHandler;
        return Listing.Directories(state.RuntimeRoots).Select(root => Path.Combine(root, id)).FirstOrDefault(Directory.Exists)
            ?? Path.Combine(state.RuntimeRoot(handler), id);
    }

    // What the runtime says when it fails; empty when it did it.
    private async Task<string> TryDeleteAsync(OciRuntime runtime, string id)
    {
        try
        {
            var result = await Command.RunAsync(
                new CommandOptions
                {
                    Path = runtime.Path,
                    Arguments = [runtime.Path, "--root", state.RuntimeRoot(runtime.Handler), "delete", "--force", id],
                    Timeout = _bound,
                },
                CancellationToken.None);
            return result is { End: CommandEnd.Exited, Exit.Code: 0 }
                ? ""
                : $"{runtime.Handler} delete: {result.End}, exit code {result.Exit.Code}: {Encoding.UTF8.GetString(result.ErrorOutput.Span).Trim()}";
        }
        catch (LinuxException error)
        {
            return $"{runtime.Handler} cannot be started: {error.Message}";
        }
    }
}
