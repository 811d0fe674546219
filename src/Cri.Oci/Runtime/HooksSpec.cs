namespace Cri.Oci.Runtime;

/// <summary>Programs that the OCI runtime runs on the way of a container (config.md, POSIX-platform Hooks).</summary>
public sealed record HooksSpec
{
    /// <summary>After the namespaces are made; deprecated in favour of the next two.</summary>
    public IReadOnlyList<HookSpec>? Prestart { get; init; }

    /// <summary>In the runtime's namespaces, before pivot_root.</summary>
    public IReadOnlyList<HookSpec>? CreateRuntime { get; init; }

    /// <summary>In the container's namespaces, before pivot_root.</summary>
    public IReadOnlyList<HookSpec>? CreateContainer { get; init; }

    /// <summary>In the container, before its process is executed.</summary>
    public IReadOnlyList<HookSpec>? StartContainer { get; init; }

    /// <summary>After its process was started.</summary>
    public IReadOnlyList<HookSpec>? Poststart { get; init; }

    /// <summary>After the container was deleted.</summary>
    public IReadOnlyList<HookSpec>? Poststop { get; init; }
}

/// <summary>One hook.</summary>
/// <param name="Path">The absolute path of the program.</param>
/// <param name="Args">Its arguments with argv[0]; null for none.</param>
/// <param name="Env">Its environment as NAME=value; null for none.</param>
/// <param name="Timeout">Seconds until it is aborted; null for no limit.</param>
public sealed record HookSpec(string Path, IReadOnlyList<string>? Args, IReadOnlyList<string>? Env, int? Timeout);
