using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Owners, permissions and extended attributes.</summary>
internal sealed partial class LayerExtractor
{
    // Changing the owner clears setuid bits and file capabilities, so it comes first.
    private static void ApplyMetadata(Fd parent, ReadOnlySpan<byte> leaf, TarEntry entry)
    {
        FileTree.SetOwner(parent, leaf, entry.UserId, entry.GroupId);
        if (entry.Type != TarEntryType.SymbolicLink)
        {
            FileTree.SetPermissions(parent, leaf, entry.Permissions);
        }

        foreach (var (name, value) in entry.Xattrs)
        {
            try
            {
                if (IsAccepted(name))
                {
                    Xattrs.Set(parent, leaf, name, value);
                }
            }
            catch (LinuxException error) when (IsUnsupported(name, error))
            {
            }
        }
    }

    private static void ApplyXattrs(Fd file, TarEntry entry)
    {
        foreach (var (name, value) in entry.Xattrs)
        {
            try
            {
                if (IsAccepted(name))
                {
                    Xattrs.Set(file, name, value);
                }
            }
            catch (LinuxException error) when (IsUnsupported(name, error))
            {
            }
        }
    }

    // overlay's own attributes would redirect or hide other layers' content; a layer has no business with them.
    private static bool IsAccepted(string name) =>
        !name.StartsWith("trusted.overlay.", StringComparison.Ordinal) && !name.StartsWith("user.overlay.", StringComparison.Ordinal);

    // An attribute that this file system or kernel does not have, user.* on what is neither file nor directory, or a
    // label of another machine's policy: the file is good without it.
    private static bool IsUnsupported(string name, LinuxException error) =>
        error.Error == Errno.ENOTSUP
        || (error.Error == Errno.EPERM && name.StartsWith("user.", StringComparison.Ordinal))
        || name.StartsWith("security.selinux", StringComparison.Ordinal);
}
