namespace Cri.Oci.Runtime;

/// <summary>A process to run in a container (config.md, Process); also the form in which exec takes its process.</summary>
public sealed record ProcessSpec
{
    /// <summary>True to give it a pseudo-terminal.</summary>
    public bool Terminal { get; init; }

    /// <summary>The first size of its pseudo-terminal; null leaves it at 0 by 0.</summary>
    public ConsoleSizeSpec? ConsoleSize { get; init; }

    /// <summary>Who it runs as.</summary>
    public UserSpec User { get; init; } = new();

    /// <summary>The program and its arguments.</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary>The environment as NAME=value.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>The absolute working directory.</summary>
    public string Cwd { get; init; } = "/";

    /// <summary>The capability sets; null keeps none.</summary>
    public CapabilitiesSpec? Capabilities { get; init; }

    /// <summary>True to forbid gaining privileges by execve(2).</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>The OOM score adjustment, -1000 to 1000; null inherits.</summary>
    public int? OomScoreAdj { get; init; }

    /// <summary>The AppArmor profile.</summary>
    public string? ApparmorProfile { get; init; }

    /// <summary>The SELinux label.</summary>
    public string? SelinuxLabel { get; init; }
}

/// <summary>The size of a terminal, characters.</summary>
public sealed record ConsoleSizeSpec(uint Height, uint Width);

/// <summary>Numeric identity of a process. Zero is a value here, never an absence.</summary>
public sealed record UserSpec
{
    /// <summary>The user id.</summary>
    public uint Uid { get; init; }

    /// <summary>The group id.</summary>
    public uint Gid { get; init; }

    /// <summary>Supplementary group ids.</summary>
    public IReadOnlyList<uint>? AdditionalGids { get; init; }
}

/// <summary>Capability sets by their names, <c>CAP_CHOWN</c> (capabilities(7)).</summary>
/// <param name="Bounding">The bounding set.</param>
/// <param name="Effective">The effective set.</param>
/// <param name="Permitted">The permitted set.</param>
/// <param name="Inheritable">The inheritable set; null keeps it empty (CVE-2022-24769).</param>
/// <param name="Ambient">The ambient set.</param>
public sealed record CapabilitiesSpec(
    IReadOnlyList<string> Bounding,
    IReadOnlyList<string> Effective,
    IReadOnlyList<string> Permitted,
    IReadOnlyList<string>? Inheritable,
    IReadOnlyList<string>? Ambient);
