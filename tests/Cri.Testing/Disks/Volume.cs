using System.Runtime.InteropServices;
using Cri.Linux;

namespace Cri.Testing.Disks;

/// <summary>
/// A file system on a loop device whose power can be cut: what was not forced to the device is gone then, and until the next
/// mount every call fails.
/// </summary>
public sealed partial class Volume
{
    // XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), and its flag "no flush of the log".
    private const nuint Shutdown = 0x8004587d;
    private const uint WithoutLogFlush = 2;

    private const int Tries = 600;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly string _type;
    private readonly string _file;

    /// <summary>Makes it and mounts it.</summary>
    /// <param name="type">ext4 or xfs.</param>
    /// <param name="directory">Where its file and its mount go.</param>
    public Volume(string type, string directory)
    {
        _type = type;
        _file = Path.Join(directory, $"{type}.volume");
        Root = Path.Join(directory, type);
        Directory.CreateDirectory(Root);
        using (var file = File.Create(_file))
        {
            // The least that mkfs.xfs takes is 300 MiB; it is sparse.
            file.SetLength(320L << 20);
        }

        Command.Run($"mkfs.{type}", type == "ext4" ? ["-q", "-F", _file] : ["-q", "-f", _file]);
        Mount();
    }

    /// <summary>Where it is mounted.</summary>
    public string Root { get; }

    /// <summary>Cuts the power.</summary>
    public void Cut()
    {
        using var directory = PathFd.OpenRead(Root);
        var flags = WithoutLogFlush;
        LinuxException.Check(Ioctl(directory.Number, Shutdown, ref flags), "ioctl", Root);
    }

    /// <summary>Brings it back, as the machine would, once nobody has anything of it open.</summary>
    public void Restore()
    {
        Retry(() => Command.Run("umount", Root));
        Mount();
    }

    /// <summary>Unmounts it.</summary>
    public void Remove()
    {
        Retry(() => Command.Run("umount", Root));
        File.Delete(_file);
    }

    // ext4 forgives a rename without fsync, but only unless it is asked not to.
    private void Mount()
    {
        var options = _type == "ext4" ? "loop,noauto_da_alloc" : "loop";
        Retry(() => Command.Run("mount", "-t", _type, "-o", options, _file, Root));
    }

    // Loop devices are few, and somebody may have just looked at the mount.
    private static void Retry(Action action)
    {
        for (var i = 1; ; i++)
        {
            try
            {
                action();
                return;
            }
            catch (InvalidOperationException) when (i < Tries)
            {
                Thread.Sleep(_pause);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, nuint request, ref uint argument);
}
