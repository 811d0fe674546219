namespace Cri.RuntimeService.Runtimes;

/// <summary>Which OCI runtimes there may be.</summary>
public sealed record OciRuntimesOptions
{
    /// <summary>Where probes run and their results are kept: a directory that a reboot empties.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The configured handlers: name to the binary's absolute path.</summary>
    public IReadOnlyDictionary<string, string> Handlers { get; init; } = new Dictionary<string, string>();

    /// <summary>The configured default handler; null to take the first of <see cref="Candidates"/> that passes its probe.</summary>
    public string? Default { get; init; }

    /// <summary>The runtimes to try, best first, by the name of their binary.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = ["crun", "runc"];

    /// <summary>The directories that candidates are looked for in, in order.</summary>
    public IReadOnlyList<string> SearchPath { get; init; } =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>True when containers' cgroups are made through systemd.</summary>
    public bool SystemdCgroup { get; init; }

    /// <summary>True to start commands in containers without the runtime, where that is known to come to the same.</summary>
    public bool DirectExecs { get; init; } = true;

    /// <summary>The deadline of each step of a probe.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
