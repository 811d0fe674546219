using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Mounts and unmounts file systems (mount(2), umount2(2)).</summary>
public static partial class Mount
{
    private const int Detach = 2;
    private const int NoFollow = 8;

    // The kernel copies one page of options, with its terminating zero.
    private static readonly int _maxData = Environment.SystemPageSize - 1;

    /// <summary>
    /// Mounts in the words of fstab(5). An overlay whose lower directories exceed the page that mount(2) takes is
    /// mounted through shorter names of them.
    /// </summary>
    /// <param name="type">The file system; "bind" with the option bind or rbind for a bind mount.</param>
    /// <param name="source">The device or directory.</param>
    /// <param name="target">Where; must exist.</param>
    /// <param name="options">Flags and options of the file system.</param>
    public static void Make(string type, string source, string target, IEnumerable<string> options)
    {
        var parsed = MountOptions.Parse(options);
        var data = string.Join(',', parsed.Data);
        if (data.Length > _maxData && type == "overlay")
        {
            OverlayMount.MakeShortened(source, target, parsed, _maxData);
        }
        else
        {
            Call(source, target, type, parsed.Flags, data);
        }

        if (parsed.Flags.HasFlag(MountFlags.Bind) && (parsed.Flags & ~(MountFlags.Bind | MountFlags.Recursive)) != 0)
        {
            // A bind mount takes its other flags only when it is mounted anew.
            Call(null, target, null, parsed.Flags | MountFlags.Remount, null);
        }

        if (parsed.Propagation != MountFlags.None)
        {
            Call(null, target, null, parsed.Propagation, null);
        }
    }

    /// <summary>Makes a file or directory visible at another existing one.</summary>
    public static void Bind(string source, string target) => Call(source, target, null, MountFlags.Bind, null);

    /// <summary>Unmounts lazily. Returns false when nothing is mounted there.</summary>
    public static bool Unmount(string target)
    {
        if (UnmountCall(target, Detach | NoFollow) == 0)
        {
            return true;
        }

        return (Errno)Marshal.GetLastPInvokeError() is Errno.EINVAL or Errno.ENOENT
            ? false
            : throw LinuxException.FromLast("umount2", target);
    }

    /// <summary>Unmounts lazily until nothing is mounted there any more.</summary>
    public static void UnmountAll(string target)
    {
        while (Unmount(target))
        {
        }
    }

    internal static void Call(string? source, string target, string? type, MountFlags flags, string? data) =>
        LinuxException.Check(MountCall(source ?? "none", target, type, (ulong)flags, data), "mount", $"{source} on {target}");

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string? type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountCall(string target, int flags);
}
