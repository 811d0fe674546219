using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>
/// What the kernel gives a new entry by itself, so that it need not be set: root's ownership and the mode that was asked for, as
/// long as no directory of the tree hands its group or an access list down.
/// </summary>
internal sealed class CreationDefaults
{
    private const int SetGroupId = 0x400;
    private const int PermissionBits = 0x1FF;
    private const string DefaultAcl = "system.posix_acl_default";

    private readonly int _umask;
    private bool _isKnown;

    private CreationDefaults(bool isKnown, int umask) => (_isKnown, _umask) = (isKnown, umask);

    /// <summary>The defaults in a new tree, whose root nobody has changed yet.</summary>
    internal static CreationDefaults Of(FileTree tree)
    {
        var root = FileStatus.Of(tree.Root, "."u8);
        var isPlain = root is { UserId: 0, GroupId: 0 } && (root.Permissions & SetGroupId) == 0
            && Xattrs.Get(tree.Root, "."u8, DefaultAcl) is null;
        return new CreationDefaults(isPlain, ProcessUmask.Read());
    }

    /// <summary>True when an entry that was just made belongs to whom it should.</summary>
    internal bool HasOwner(TarEntry entry) => _isKnown && entry is { UserId: 0, GroupId: 0 };

    /// <summary>True when an entry that was made with its permissions has its mode.</summary>
    internal bool HasPermissions(TarEntry entry) => _isKnown && (entry.Permissions & (~PermissionBits | _umask)) == 0;

    /// <summary>Notes what a directory may hand down: its group, where it or the mount says so, and its access lists.</summary>
    internal void TakeDirectory(TarEntry directory) =>
        _isKnown &= directory.GroupId == 0 && (directory.Permissions & SetGroupId) == 0 && directory.Xattrs.Count == 0;
}
