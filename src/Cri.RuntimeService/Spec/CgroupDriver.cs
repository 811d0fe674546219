using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>Who makes cgroups, and how a container's place is written for the OCI runtime.</summary>
/// <param name="IsSystemd">True when the OCI runtime asks systemd, false when it writes to cgroupfs.</param>
public sealed record CgroupDriver(bool IsSystemd)
{
    /// <summary>The driver in the CRI's terms.</summary>
    public V1.CgroupDriver Api => IsSystemd ? V1.CgroupDriver.Systemd : V1.CgroupDriver.Cgroupfs;

    /// <summary>
    /// The runtime-spec <c>cgroupsPath</c> of a container under a pod's parent: <c>parent/id</c>, or <c>slice:crisp:id</c> for
    /// systemd. Without a parent it lies at the top.
    /// </summary>
    public string PathOf(string parent, string id) => (IsSystemd, parent) switch
    {
        (true, "") => $"system.slice:crisp:{id}",
        (true, _) => $"{Path.GetFileName(parent)}:crisp:{id}",
        (false, "") => $"/crisp-{id}",
        _ => $"{parent.TrimEnd('/')}/{id}",
    };

    /// <summary>Throws INVALID_ARGUMENT for a parent that this driver cannot use.</summary>
    public void Validate(string parent)
    {
        if (parent.Length == 0)
        {
            return;
        }

        if (parent.Split('/').Contains("..") || parent.Any(char.IsControl))
        {
            throw CriError.Invalid($"cgroup parent \"{parent}\": must not contain \"..\" or control characters");
        }

        if (IsSystemd && !parent.EndsWith(".slice", StringComparison.Ordinal))
        {
            throw CriError.Invalid($"cgroup parent \"{parent}\": the systemd cgroup driver needs a name that ends in .slice");
        }

        // The OCI runtime takes slice, prefix and name apart at the colons.
        if (IsSystemd && parent.Contains(':'))
        {
            throw CriError.Invalid($"cgroup parent \"{parent}\": the name of a slice has no colon");
        }

        if (!IsSystemd && !parent.StartsWith('/'))
        {
            throw CriError.Invalid($"cgroup parent \"{parent}\": the cgroupfs cgroup driver needs an absolute path such as /kubepods/pod1");
        }
    }
}
