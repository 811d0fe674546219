using System.Text;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Selinux;

/// <summary>Gives a volume and all that is in it the label of its container's files (CRI Mount.selinux_relabel).</summary>
public static class VolumeRelabel
{
    private const string Attribute = "security.selinux";

    // To relabel one of these would take it away from the host's own services.
    private static readonly HashSet<string> _refused = new(StringComparer.Ordinal)
    {
        "/", "/bin", "/boot", "/dev", "/etc", "/etc/passwd", "/etc/pki", "/etc/shadow", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt",
        "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin", "/var",
        "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/tmp",
    };

    /// <summary>
    /// Sets the label on a file, or on a directory and everything in its file system below it; symbolic links are labelled, not
    /// followed. A file system without labels is passed over. Throws INVALID_ARGUMENT for a path of the host that must keep its own.
    /// </summary>
    public static void Apply(string path, string label) => Apply(path, label, Xattrs.Set);

    /// <summary>The same with another way to set an attribute: path, name, value.</summary>
    public static void Apply(string path, string label, SetAttribute set)
    {
        var target = RealPath.Of(path);
        if (_refused.Contains(target))
        {
            throw CriError.Invalid($"mount \"{path}\": {target} belongs to the host and cannot be given another SELinux label");
        }

        // With its end, as the kernel itself shows it.
        var value = Encoding.UTF8.GetBytes(label + "\0");
        if (FileStatus.Of(target) is { } status)
        {
            Set(target, status, status.Device, value, set);
        }
    }

    private static void Set(string path, FileStatus status, ulong device, byte[] value, SetAttribute set)
    {
        try
        {
            set(path, Attribute, value);
        }
        catch (LinuxException none) when (none.Error is Errno.ENOTSUP or Errno.ENOENT)
        {
            // Without labels, or gone meanwhile.
        }

        if (status.Kind != FileKind.Directory)
        {
            return;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            // What is mounted below has a label of its own file system.
            if (FileStatus.Of(entry) is { } inner && inner.Device == device)
            {
                Set(entry, inner, device, value, set);
            }
        }
    }

    /// <summary>Sets an extended attribute.</summary>
    public delegate void SetAttribute(string path, string name, ReadOnlySpan<byte> value);
}
