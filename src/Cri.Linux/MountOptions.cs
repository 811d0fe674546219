namespace Cri.Linux;

/// <summary>Flags of mount(2).</summary>
[Flags]
public enum MountFlags : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Read-only.</summary>
    ReadOnly = 1,

    /// <summary>Set-user-ID bits have no effect.</summary>
    NoSuid = 2,

    /// <summary>Device files cannot be opened.</summary>
    NoDev = 4,

    /// <summary>Programs cannot be executed.</summary>
    NoExec = 8,

    /// <summary>Writes are synchronous.</summary>
    Synchronous = 0x10,

    /// <summary>Changes an existing mount.</summary>
    Remount = 0x20,

    /// <summary>Directory changes are synchronous.</summary>
    DirSync = 0x80,

    /// <summary>Symbolic links are not followed.</summary>
    NoSymFollow = 0x100,

    /// <summary>Access times are not updated.</summary>
    NoAccessTime = 0x400,

    /// <summary>Access times of directories are not updated.</summary>
    NoDirAccessTime = 0x800,

    /// <summary>Makes a directory or file visible at another place.</summary>
    Bind = 0x1000,

    /// <summary>With all mounts below, for Bind and the propagation flags.</summary>
    Recursive = 0x4000,

    /// <summary>Cannot be bind-mounted; no propagation.</summary>
    Unbindable = 0x20000,

    /// <summary>No propagation.</summary>
    Private = 0x40000,

    /// <summary>Receives mounts.</summary>
    Slave = 0x80000,

    /// <summary>Receives and sends mounts.</summary>
    Shared = 0x100000,

    /// <summary>Access times are updated only when older than a change.</summary>
    RelativeAccessTime = 0x200000,

    /// <summary>Access times are always updated.</summary>
    StrictAccessTime = 0x1000000,
}

/// <summary>Mount options in the words of fstab(5), taken apart.</summary>
/// <param name="Flags">Flags for the mount itself.</param>
/// <param name="Propagation">Propagation flags, which take a call of their own; None to leave it.</param>
/// <param name="Data">What is left for the file system.</param>
public sealed record MountOptions(MountFlags Flags, MountFlags Propagation, IReadOnlyList<string> Data)
{
    /// <summary>Takes options apart; an option that is no flag goes to the file system.</summary>
    public static MountOptions Parse(IEnumerable<string> options)
    {
        var (flags, propagation) = (MountFlags.None, MountFlags.None);
        var data = new List<string>();
        foreach (var option in options)
        {
            if (Propagations(option) is { } how)
            {
                propagation |= how;
            }
            else if (Flag(option) is { } set)
            {
                flags |= set;
            }
            else if (Cleared(option) is { } clear)
            {
                flags &= ~clear;
            }
            else
            {
                data.Add(option);
            }
        }

        return new MountOptions(flags, propagation, data);
    }

    private static MountFlags? Flag(string option) => option switch
    {
        "ro" => MountFlags.ReadOnly,
        "nosuid" => MountFlags.NoSuid,
        "nodev" => MountFlags.NoDev,
        "noexec" => MountFlags.NoExec,
        "sync" => MountFlags.Synchronous,
        "dirsync" => MountFlags.DirSync,
        "remount" => MountFlags.Remount,
        "nosymfollow" => MountFlags.NoSymFollow,
        "noatime" => MountFlags.NoAccessTime,
        "nodiratime" => MountFlags.NoDirAccessTime,
        "relatime" => MountFlags.RelativeAccessTime,
        "strictatime" => MountFlags.StrictAccessTime,
        "bind" => MountFlags.Bind,
        "rbind" => MountFlags.Bind | MountFlags.Recursive,
        _ => null,
    };

    private static MountFlags? Cleared(string option) => option switch
    {
        "defaults" => MountFlags.None,
        "rw" => MountFlags.ReadOnly,
        "suid" => MountFlags.NoSuid,
        "dev" => MountFlags.NoDev,
        "exec" => MountFlags.NoExec,
        "async" => MountFlags.Synchronous,
        "atime" => MountFlags.NoAccessTime,
        "diratime" => MountFlags.NoDirAccessTime,
        "norelatime" => MountFlags.RelativeAccessTime,
        "nostrictatime" => MountFlags.StrictAccessTime,
        _ => null,
    };

    private static MountFlags? Propagations(string option) => option switch
    {
        "private" => MountFlags.Private,
        "rprivate" => MountFlags.Private | MountFlags.Recursive,
        "slave" => MountFlags.Slave,
        "rslave" => MountFlags.Slave | MountFlags.Recursive,
        "shared" => MountFlags.Shared,
        "rshared" => MountFlags.Shared | MountFlags.Recursive,
        "unbindable" => MountFlags.Unbindable,
        "runbindable" => MountFlags.Unbindable | MountFlags.Recursive,
        _ => null,
    };
}
