using System.Buffers.Binary;
using Cri.Linux;

namespace Cri.ImageService.Snapshots;

/// <summary>
/// Gives a whole tree to the users of a user namespace: what belongs to an id inside belongs to its id outside afterwards.
/// Setuid bits stay, and file capabilities become those of the namespace's root (capabilities(7)). Links are not followed.
/// </summary>
internal sealed class OwnerShift(IdMap ids)
{
    private const string CapabilityXattr = "security.capability";
    private const uint RevisionMask = 0xff000000;
    private const uint Revision3 = 0x03000000;
    private const int Version2Size = 20;

    // nobody and nogroup: who has no id outside must not become somebody by chance.
    private const uint Overflow = 65534;

    /// <summary>Changes the directory and everything in it.</summary>
    internal void Run(string directory)
    {
        using var tree = FileTree.Open(directory);
        Shift(tree.Root, "."u8);
        using var listed = FileTree.OpenDirectory(tree.Root, "."u8);
        Contents(listed);
    }

    private void Contents(Fd directory)
    {
        foreach (var name in DirectoryEntries.Read(directory))
        {
            Shift(directory, name);
            if (FileStatus.Of(directory, name)?.Kind == FileKind.Directory)
            {
                using var inner = FileTree.OpenDirectory(directory, name);
                Contents(inner);
            }
        }
    }

    private void Shift(Fd parent, ReadOnlySpan<byte> name)
    {
        if (FileStatus.Of(parent, name) is not { } status)
        {
            return;
        }

        var capabilities = status.Kind == FileKind.Regular ? Xattrs.Get(parent, name, CapabilityXattr) : null;
        FileTree.SetOwner(parent, name, ids.Users.ToHost(status.UserId) ?? Overflow, ids.Groups.ToHost(status.GroupId) ?? Overflow);
        if (status.Kind != FileKind.SymbolicLink)
        {
            FileTree.SetPermissions(parent, name, status.Permissions);
        }

        if (capabilities is { Length: >= Version2Size } && ids.Users.ToHost(0) is { } root)
        {
            Xattrs.Set(parent, name, CapabilityXattr, Rooted(capabilities, root));
        }
    }

    // struct vfs_ns_cap_data: magic and flags, then the sets of version 2, then the root's id.
    private static byte[] Rooted(byte[] capabilities, uint root)
    {
        var rooted = new byte[Version2Size + sizeof(uint)];
        capabilities.AsSpan(0, Version2Size).CopyTo(rooted);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(rooted) & ~RevisionMask;
        BinaryPrimitives.WriteUInt32LittleEndian(rooted, Revision3 | flags);
        BinaryPrimitives.WriteUInt32LittleEndian(rooted.AsSpan(Version2Size), root);
        return rooted;
    }
}
