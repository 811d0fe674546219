namespace Cri.Oci.Runtime;

/// <summary>The configuration of one container, <c>config.json</c> (OCI runtime-spec, config.md).</summary>
public sealed record RuntimeSpec
{
    /// <summary>The version of the specification the bundle follows.</summary>
    public string OciVersion { get; init; } = "1.0.2";

    /// <summary>The process to run.</summary>
    public ProcessSpec? Process { get; init; }

    /// <summary>The root file system.</summary>
    public RootSpec? Root { get; init; }

    /// <summary>The host name, when the container has a UTS namespace of its own.</summary>
    public string? Hostname { get; init; }

    /// <summary>Programs to run on the container's way.</summary>
    public HooksSpec? Hooks { get; init; }

    /// <summary>Mounts in the order in which they are made.</summary>
    public IReadOnlyList<MountSpec> Mounts { get; init; } = [];

    /// <summary>Free-form annotations.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>What is particular to Linux.</summary>
    public LinuxSpec? Linux { get; init; }
}

/// <summary>The root file system (config.md, Root).</summary>
/// <param name="Path">Relative to the bundle, or absolute.</param>
/// <param name="Readonly">True to mount it read-only.</param>
public sealed record RootSpec(string Path, bool Readonly);

/// <summary>One mount (config.md, Mounts).</summary>
/// <param name="Destination">The absolute path in the container.</param>
/// <param name="Type">The file system type; <c>bind</c> for bind mounts.</param>
/// <param name="Source">The device or host path.</param>
/// <param name="Options">Options as in fstab.</param>
public sealed record MountSpec(string Destination, string Type, string Source, IReadOnlyList<string> Options);
