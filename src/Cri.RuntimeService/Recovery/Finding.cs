namespace Cri.RuntimeService.Recovery;

/// <summary>What kind of thing was found, named as the metric and <c>crisp gc</c> name it.</summary>
public static class FindingKind
{
    /// <summary>A pod that is recorded but was not taken over.</summary>
    public const string Pod = "pod";

    /// <summary>A shim's process.</summary>
    public const string Shim = "shim";

    /// <summary>What an OCI runtime keeps of a container, with the processes it knows of.</summary>
    public const string Runtime = "runtime";

    /// <summary>A container's cgroup, with the processes in it.</summary>
    public const string Cgroup = "cgroup";

    /// <summary>A pod's CNI attachment, with its addresses.</summary>
    public const string Attachment = "attachment";

    /// <summary>A pinned namespace.</summary>
    public const string Namespace = "namespace";

    /// <summary>Any other mount.</summary>
    public const string Mount = "mount";

    /// <summary>A container's writable layer.</summary>
    public const string Snapshot = "snapshot";

    /// <summary>The directory of a pod or a container.</summary>
    public const string Directory = "directory";

    /// <summary>An unfinished file.</summary>
    public const string File = "file";

    /// <summary>A reserved name.</summary>
    public const string Name = "name";
}

/// <summary>Something that exists and that nobody owns.</summary>
/// <param name="Kind">One of <see cref="FindingKind"/>.</param>
/// <param name="Subject">Whose it was: the id of a pod or container, or a pid; never empty.</param>
/// <param name="Path">Where it is: a path, or a process's bundle.</param>
/// <param name="Why">Why nobody owns it, in words.</param>
/// <param name="Action">What is done about it, as a verb: <c>remove</c>, <c>kill</c>.</param>
public sealed record Finding(string Kind, string Subject, string Path, string Why, string Action)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Path} of {Subject}: {Why}";
}

/// <summary>What became of a finding.</summary>
/// <param name="Finding">The finding.</param>
/// <param name="Error">Why nothing could be done about it yet; null when it was.</param>
public sealed record Repair(Finding Finding, string? Error);
