namespace Cri.Linux;

/// <summary>The huge page limits of a cgroup (Documentation/admin-guide/cgroup-v1/hugetlb.rst and cgroup-v2.rst of the kernel).</summary>
public static class CgroupHugetlb
{
    /// <summary>The file with the limit in bytes for pages of a size such as <c>2MB</c>; null where the controller is not there.</summary>
    public static string? LimitFile(ProcessCgroups cgroups, string pageSize)
    {
        var file = cgroups.Legacy("hugetlb") is { } legacy
            ? $"{legacy}/hugetlb.{pageSize}.limit_in_bytes"
            : $"{cgroups.Unified}/hugetlb.{pageSize}.max";
        return File.Exists(file) ? file : null;
    }
}
