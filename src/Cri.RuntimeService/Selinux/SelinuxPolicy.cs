using Cri.Linux;

namespace Cri.RuntimeService.Selinux;

/// <summary>The host's policy as far as containers are concerned.</summary>
/// <param name="Process">The label of a container's process (lxc_contexts(5), <c>process</c>).</param>
/// <param name="File">The label of its files (lxc_contexts(5), <c>file</c>).</param>
/// <param name="IsValid">Asks the kernel whether the policy knows a label.</param>
public sealed record SelinuxPolicy(SelinuxLabel Process, SelinuxLabel File, Predicate<string> IsValid)
{
    private const string FileSystem = "/sys/fs/selinux";

    // What the reference policy for containers has, for a host whose policy brings no lxc_contexts.
    private const string UsualProcess = "system_u:system_r:container_t:s0";
    private const string UsualFile = "system_u:object_r:container_file_t:s0";

    // The only label there is before a policy is loaded.
    private const string InitialLabel = "kernel";

    /// <summary>The policy in force; null when the kernel has SELinux not enabled, or enabled but no policy loaded.</summary>
    public static SelinuxPolicy? OfHost()
    {
        if (!System.IO.File.Exists(FileSystem + "/enforce") || OwnLabel() == InitialLabel)
        {
            return null;
        }

        var (process, file) = ReadContexts("/etc/selinux");
        return new SelinuxPolicy(process, file, IsKnown);
    }

    /// <summary>The labels in the lxc_contexts file of the configured policy below a directory; the usual ones where it names none.</summary>
    public static (SelinuxLabel Process, SelinuxLabel File) ReadContexts(string directory)
    {
        var policy = Setting(Path.Combine(directory, "config"), "SELINUXTYPE") ?? "targeted";
        var contexts = Path.Combine(directory, policy, "contexts", "lxc_contexts");
        return (Label(contexts, "process", UsualProcess), Label(contexts, "file", UsualFile));
    }

    private static string OwnLabel() => SmallFile.ReadText("/proc/self/attr/current").TrimEnd('\0', '\n');

    private static SelinuxLabel Label(string path, string name, string usual) =>
        SelinuxLabel.Parse(Setting(path, name) ?? usual) ?? SelinuxLabel.Parse(usual)!;

    // Lines of name = value; values may be quoted, and # begins a comment.
    private static string? Setting(string path, string name)
    {
        if (!System.IO.File.Exists(path))
        {
            return null;
        }

        foreach (var line in System.IO.File.ReadLines(path))
        {
            if (line.Split('#')[0].Split('=', 2) is [var key, var value] && key.Trim() == name && value.Trim().Trim('"') is { Length: > 0 } text)
            {
                return text;
            }
        }

        return null;
    }

    // The kernel answers a write of an unknown context with EINVAL.
    private static bool IsKnown(string label)
    {
        try
        {
            SmallFile.Set(FileSystem + "/context", label);
            return true;
        }
        catch (LinuxException unknown) when (unknown.Error == Errno.EINVAL)
        {
            return false;
        }
    }
}
