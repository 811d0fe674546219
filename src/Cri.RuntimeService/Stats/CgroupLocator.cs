using Cri.Linux;

namespace Cri.RuntimeService.Stats;

/// <summary>Finds the cgroups of containers and pods.</summary>
public sealed class CgroupLocator
{
    /// <summary>The cgroup of the container that a process belongs to; null when the process is gone.</summary>
    public CgroupFiles? OfProcess(int pid, string containerId)
    {
        try
        {
            return CgroupFiles.From(ProcessCgroups.Of(pid))?.Topmost(containerId);
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>The cgroup of a pod, given the CRI's <c>cgroup_parent</c>; null when there is none.</summary>
    public CgroupFiles? OfPod(string parent)
    {
        if (parent.Trim('/').Length == 0)
        {
            return null;
        }

        var path = parent.EndsWith(".slice", StringComparison.Ordinal) && !parent.Contains('/') ? Expand(parent) : "/" + parent.Trim('/');
        var files = CgroupFiles.From(ProcessCgroups.At(path));
        return files is not null && Directory.Exists(files.Memory) ? files : null;
    }

    /// <summary>The path of a slice: systemd nests <c>a-b-c.slice</c> as <c>/a.slice/a-b.slice/a-b-c.slice</c> (systemd.slice(5)).</summary>
    public static string Expand(string slice) => ContainerCgroup.OfSlice(slice);
}
