using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// A copy of a mount that is nowhere yet (open_tree(2)), so that it can be changed before anyone sees it; Dispose drops it
/// unless it was attached.
/// </summary>
public sealed unsafe partial class DetachedMount : IDisposable
{
    private const long OpenTreeCall = 428;
    private const long MoveMountCall = 429;
    private const long MountSetAttrCall = 442;
    private const int AtFdCwd = -100;
    private const uint EmptyPath = 0x1000;
    private const uint Recursive = 0x8000;
    private const uint Clone = 1;
    private const uint CloseOnExec = 0x80000;
    private const uint MoveFromEmptyPath = 4;
    private const ulong AttributeReadOnly = 1;
    private const ulong AttributeIdMap = 0x100000;
    private const ulong PropagationPrivate = 1 << 18;

    private readonly Fd _tree;
    private readonly string _source;

    private DetachedMount(Fd tree, string source)
    {
        _tree = tree;
        _source = source;
    }

    /// <summary>True for a directory, false for a file of any kind: it can only be attached to its like.</summary>
    public bool IsDirectory => FileStatus.Of(_tree).Kind == FileKind.Directory;

    /// <summary>Copies what is mounted at a path, with everything below it. Symbolic links are followed.</summary>
    public static DetachedMount Of(string path) => new(Open(AtFdCwd, path, 0, path), path);

    /// <summary>Copies what an open file or directory stands for, with every mount below it.</summary>
    /// <param name="place">The file or directory.</param>
    /// <param name="name">What errors call it.</param>
    public static DetachedMount Of(Fd place, string name) => new(Open(place.Number, "", EmptyPath, name), name);

    /// <summary>
    /// Has every owner in it translated by a user namespace, as if its ids inside were those on disk; mounts below stay as
    /// they are. Throws EINVAL when the file system cannot do that (mount_setattr(2)).
    /// </summary>
    public void MapIds(Fd userNamespace) => Set(AttributeIdMap, 0, (ulong)userNamespace.Number, 0);

    /// <summary>Makes it and every mount below it read-only.</summary>
    public void MakeReadOnly() => Set(AttributeReadOnly, 0, 0, Recursive);

    /// <summary>Ends its propagation from and to the mounts it was copied from.</summary>
    public void MakePrivate() => Set(0, PropagationPrivate, 0, Recursive);

    /// <summary>Mounts it at an existing path of its kind, directory or file.</summary>
    public void Attach(string target)
    {
        fixed (byte* empty = "\0"u8, path = NativePath.Terminate(System.Text.Encoding.UTF8.GetBytes(target)))
        {
            LinuxException.Check(
                Syscall(MoveMountCall, _tree.Number, (nint)empty, AtFdCwd, (nint)path, MoveFromEmptyPath), "move_mount", $"{_source} to {target}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tree.Dispose();

    private static Fd Open(int directory, string path, uint flags, string name)
    {
        fixed (byte* bytes = NativePath.Terminate(System.Text.Encoding.UTF8.GetBytes(path)))
        {
            return new Fd((int)LinuxException.Check(
                Syscall(OpenTreeCall, directory, (nint)bytes, Clone | CloseOnExec | Recursive | flags, 0, 0), "open_tree", name));
        }
    }

    private void Set(ulong attributes, ulong propagation, ulong userNamespace, uint flags)
    {
        // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
        var change = stackalloc ulong[4] { attributes, 0, propagation, userNamespace };
        fixed (byte* empty = "\0"u8)
        {
            LinuxException.Check(
                Syscall(MountSetAttrCall, _tree.Number, (nint)empty, EmptyPath | flags, (nint)change, 4 * sizeof(ulong)), "mount_setattr", _source);
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall(long number, long a, long b, long c, long d, long e);
}
