using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Runtimes;

/// <summary>What pods of a runtime handler may ask for (CRI <c>RuntimeHandlerFeatures</c>): it takes the kernel and the OCI runtime.</summary>
/// <param name="host">What the kernel can do.</param>
/// <param name="directories">The directories that the root of a user namespace must get into: root and state.</param>
public sealed class HandlerFeatures(IdMapSupport host, IReadOnlyList<string> directories)
{
    // mount_setattr(2) with AT_RECURSIVE.
    private static readonly Version _recursiveReadOnly = new(5, 12);

    /// <summary>True when this runtime can run a pod with a user namespace here.</summary>
    public bool UserNamespaces(OciRuntime runtime) => host.UserNamespaces && Knows(runtime);

    /// <summary>True when this runtime can make mounts read-only with all mounts below them here.</summary>
    public static bool RecursiveReadOnly(OciRuntime runtime) =>
        runtime.Probe.Features is { RecursiveReadOnlyMounts: true } && Environment.OSVersion.Version >= _recursiveReadOnly;

    /// <summary>Throws FAILED_PRECONDITION when the pod asks for a user namespace and cannot have one.</summary>
    public void Check(V1.PodSandboxConfig config, OciRuntime runtime)
    {
        if (PodUserNamespace.Of(config) is null)
        {
            return;
        }

        var pod = $"pod sandbox \"{config.Metadata.Name}\"";
        if (!Knows(runtime))
        {
            throw CriError.Precondition($"{pod}: the OCI runtime {runtime.Handler} ({runtime.Probe.Version}) does not support user namespaces");
        }

        if (!host.UserNamespaces)
        {
            throw CriError.Precondition($"{pod}: this host allows no user namespaces (see /proc/sys/user/max_user_namespaces)");
        }

        if (directories.SelectMany(FromRootDown).FirstOrDefault(IsClosed) is { } closed)
        {
            throw CriError.Precondition($"{pod}: the root of its user namespace cannot pass directory {closed}; chmod o+x {closed}");
        }
    }

    private static IEnumerable<string> FromRootDown(string directory) =>
        Path.GetDirectoryName(directory) is { } above ? FromRootDown(above).Append(directory) : [directory];

    private static bool IsClosed(string directory) =>
        Directory.Exists(directory) && (File.GetUnixFileMode(directory) & UnixFileMode.OtherExecute) == 0;

    // User namespaces are as old as the specification; a runtime without a features document has them.
    private static bool Knows(OciRuntime runtime) => runtime.Probe.Features?.UserNamespaces ?? true;
}
