using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Owners, permissions and extended attributes.</summary>
internal sealed partial class LayerExtractor
{
    // Changing the owner clears setuid bits and file capabilities, so it comes first.
    private void ApplyMetadata(Fd parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry, bool isNew)
    {
        if (!isNew || !_defaults.HasOwner(entry))
        {
            FileTree.SetOwner(parent, leaf, entry.UserId, entry.GroupId);
        }

        if (entry.Type != TarEntryType.SymbolicLink && !(isNew && _defaults.HasPermissions(entry)))
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
                _recipe?.AttributeLeftOut(path, name);
            }
        }
    }

    private void ApplyXattrs(Fd file, byte[] path, TarEntry entry)
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
                _recipe?.AttributeLeftOut(path, name);
            }
        }
    }

    // overlay's own attributes would redirect or hide other layers' content; a layer has no business with them.
    internal static bool IsAccepted(string name) =>
        !name.StartsWith("trusted.overlay.", StringComparison.Ordinal) && !name.StartsWith("user.overlay.", StringComparison.Ordinal);

    // An attribute that this file system or kernel does not have, user.* on what is neither file nor directory, or a
    // label of another machine's policy: the file is good without it.
    private static bool IsUnsupported(string name, LinuxException error) =>
        error.Error == Errno.ENOTSUP
        || (error.Error == Errno.EPERM && name.StartsWith("user.", StringComparison.Ordinal))
        || name.StartsWith("security.selinux", StringComparison.Ordinal);
}
