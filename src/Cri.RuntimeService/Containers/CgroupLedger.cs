using Cri.Linux;
using Cri.RuntimeService.Spec;
using Cri.RuntimeService.Stats;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// Writes down where the cgroup of each container is made, before it is: a cgroup's name alone does not tell whose it is, for other
/// runtimes name theirs alike. One small file for each in the state directory, until the cgroup is gone.
/// </summary>
public sealed class CgroupLedger(StateLayout state, CgroupDriver driver)
{
    private static readonly TimeSpan _killBound = TimeSpan.FromSeconds(10);

    /// <summary>The ids of all containers and pod inits that are written down.</summary>
    public IReadOnlyList<string> Ids => Directory.Exists(state.Cgroups)
        ? [.. Directory.EnumerateFiles(state.Cgroups).Select(path => Path.GetFileName(path)).Where(name => name[0] != '.')]
        : [];

    /// <summary>Writes down the cgroup that a container is about to be made in, below its pod's parent.</summary>
    public void Enter(string id, string parent)
    {
        Directory.CreateDirectory(state.Cgroups);
        AtomicFile.WriteVolatile(FileOf(id), System.Text.Encoding.UTF8.GetBytes(driver.PathOf(parent, id)));
    }

    /// <summary>The directories of a container's cgroup that exist; none when it is gone, or was never written down.</summary>
    public IReadOnlyList<string> Directories(string id) =>
        Read(id) is { } path ? [.. ProcessCgroups.At(Locate(path)).Directories.Where(Directory.Exists)] : [];

    /// <summary>The processes in a container's cgroup and below it.</summary>
    public IReadOnlyList<int> Processes(string id) => CgroupRemoval.Processes(Directories(id));

    /// <summary>Kills every process in a container's cgroup and below it, without waiting for their end.</summary>
    public void Kill(string id)
    {
        foreach (var directory in Directories(id))
        {
            CgroupRemoval.Kill(directory);
        }
    }

    /// <summary>
    /// Ends what still is in the container's cgroup, removes it and forgets it. Throws DEADLINE_EXCEEDED naming the processes that do not
    /// end; it stays written down then.
    /// </summary>
    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var directories = Directories(id);
        if (directories.Count > 0)
        {
            var left = await CgroupRemoval.RunAsync(directories, _killBound, cancellationToken);
            if (directories.FirstOrDefault(Directory.Exists) is { } stays)
            {
                throw new RpcException(new Status(
                    StatusCode.DeadlineExceeded, $"cgroup {stays} of {id} cannot be removed: {(left.Count > 0 ? string.Join("; ", StuckProcess.Among(left)) : "it is busy")}"));
            }
        }

        Forget(id);
    }

    /// <summary>Forgets a cgroup that is gone.</summary>
    public void Forget(string id)
    {
        if (Directory.Exists(state.Cgroups))
        {
            File.Delete(FileOf(id));
        }
    }

    private string FileOf(string id) => Path.Combine(state.Cgroups, id);

    private string? Read(string id)
    {
        try
        {
            return File.ReadAllText(FileOf(id)).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }

    // slice:prefix:name is the scope prefix-name in that slice (runc's systemd cgroup driver).
    private static string Locate(string path) => path.Split(':') is [var slice, var prefix, var name]
        ? $"{CgroupLocator.Expand(slice)}/{prefix}-{name}.scope"
        : path;
}
