using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>The capability sets of a container (CRI Capability; capabilities(7)).</summary>
public static class Capabilities
{
    private const string Prefix = "CAP_";
    private const string Everything = "ALL";

    // In the order of their numbers (linux/capability.h).
    private static readonly string[] _all =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
        "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
        "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
        "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    // What every container runtime grants unless told otherwise.
    private static readonly string[] _default =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    /// <summary>How many there are, by their numbers.</summary>
    public static int Count => _all.Length;

    /// <summary>The mask of names, a bit for each number.</summary>
    public static ulong Mask(IEnumerable<string>? names) =>
        (names ?? []).Aggregate(0UL, (mask, name) => Array.IndexOf(_all, name) is >= 0 and var number ? mask | 1UL << number : mask);

    /// <summary>The names in a mask such as <c>CapBnd</c> of /proc/PID/status.</summary>
    public static IEnumerable<string> Names(ulong mask) => _all.Where((_, number) => (mask >> number & 1) == 1);

    /// <summary>The sets for a security context. Throws INVALID_ARGUMENT for a name that is no capability.</summary>
    /// <param name="context">The container's security context.</param>
    /// <param name="available">What this host can grant; "ALL" and privileged mean these.</param>
    public static CapabilitiesSpec Of(V1.LinuxContainerSecurityContext context, IReadOnlySet<string> available)
    {
        if (context.Privileged)
        {
            var all = Ordered(available);
            return new CapabilitiesSpec(all, all, all, null, null);
        }

        var requested = context.Capabilities ?? new V1.Capability();
        var ambient = requested.AddAmbientCapabilities.Select(Normalise).ToHashSet(StringComparer.Ordinal);
        if (ambient.Remove(Everything))
        {
            ambient.UnionWith(available);
        }

        var granted = Granted(requested, available);
        var set = Ordered(granted);
        return ambient.Count == 0
            ? new CapabilitiesSpec(set, set, set, null, null)
            : WithAmbient(granted, ambient);
    }

    private static HashSet<string> Granted(V1.Capability requested, IReadOnlySet<string> available)
    {
        var granted = _default.Where(available.Contains).ToHashSet(StringComparer.Ordinal);
        var adds = requested.AddCapabilities.Select(Normalise).ToList();
        var drops = requested.DropCapabilities.Select(Normalise).ToList();

        // "ALL" is applied first on either side, then single names refine it.
        if (adds.Contains(Everything))
        {
            granted.UnionWith(available);
        }

        if (drops.Contains(Everything))
        {
            granted.Clear();
        }

        granted.UnionWith(adds.Where(name => name != Everything));
        granted.ExceptWith(drops.Where(name => name != Everything));
        return granted;
    }

    private static CapabilitiesSpec WithAmbient(HashSet<string> granted, HashSet<string> ambient)
    {
        granted.UnionWith(ambient);
        var set = Ordered(granted);
        var inherited = Ordered(ambient);
        return new CapabilitiesSpec(set, set, set, inherited, inherited);
    }

    private static string[] Ordered(IEnumerable<string> names)
    {
        var wanted = names.ToHashSet(StringComparer.Ordinal);
        return [.. _all.Where(wanted.Contains)];
    }

    private static string Normalise(string name)
    {
        var upper = name.ToUpperInvariant();
        if (upper is Everything)
        {
            return upper;
        }

        var full = upper.StartsWith(Prefix, StringComparison.Ordinal) ? upper : Prefix + upper;
        return Array.IndexOf(_all, full) >= 0 ? full : throw CriError.Invalid($"capability \"{name}\": there is no such capability");
    }
}
