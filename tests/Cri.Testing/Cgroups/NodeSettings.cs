namespace Cri.Testing.Cgroups;

/// <summary>What the tests let crispd run with, or what the runtime that CRI_ENDPOINT names runs with.</summary>
/// <param name="CgroupDriver">As in crispd's configuration.</param>
/// <param name="Runtime">The OCI runtime's name; null is crispd's own choice.</param>
public sealed record NodeSettings(string CgroupDriver, string? Runtime)
{
    /// <summary>From the variables CRISP_CGROUP_DRIVER, else <c>cgroupfs</c>, and CRISP_RUNTIME.</summary>
    public static NodeSettings FromEnvironment { get; } = new(Variable("CRISP_CGROUP_DRIVER") ?? "cgroupfs", Variable("CRISP_RUNTIME"));

    /// <summary>Whether containers may be made from checkpoints.</summary>
    public bool CheckpointRestore { get; init; } = true;

    /// <summary>A directory whose programs crispd finds before all others of their names; null for none.</summary>
    public string? Programs { get; init; }

    /// <summary>Variables that crispd has in its environment besides ours.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A directory whose CNI plugins crispd finds before those of the machine; null for none.</summary>
    public string? Plugins { get; init; }

    /// <summary>How long a CNI plugin may take; null for long enough on a slow machine.</summary>
    public TimeSpan? PluginTimeout { get; init; }

    /// <summary>More keys of crispd's configuration, as YAML; it may not name those that the fixture sets.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>True when containers' cgroups are systemd's.</summary>
    public bool IsSystemd => CgroupDriver switch
    {
        "cgroupfs" => false,
        "systemd" => true,
        _ => Directory.Exists("/run/systemd/system"),
    };

    private static string? Variable(string name) => System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
