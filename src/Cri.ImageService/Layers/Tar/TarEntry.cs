using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Layers.Tar;

/// <summary>One entry of a tar archive, with extended headers applied. Names are bytes, as in the archive.</summary>
internal sealed record TarEntry
{
    public required byte[] Name { get; init; }

    public required TarEntryType Type { get; init; }

    /// <summary>The target of a link; empty otherwise.</summary>
    public required byte[] LinkName { get; init; }

    /// <summary>The length of the file in bytes, its holes included; 0 for all but files.</summary>
    public required long Size { get; init; }

    /// <summary>How many bytes of content the archive has; less than <see cref="Size"/> for a file with holes.</summary>
    public required long StoredSize { get; init; }

    /// <summary>Of a sparse file, where its content belongs, in order; null for any other.</summary>
    public IReadOnlyList<SparseRegion>? Regions { get; init; }

    /// <summary>Permissions, setuid, setgid and sticky bits.</summary>
    public required int Permissions { get; init; }

    public required uint UserId { get; init; }

    public required uint GroupId { get; init; }

    public required FileTime Modified { get; init; }

    /// <summary>For a device, its number; 0 otherwise.</summary>
    public required ulong Device { get; init; }

    /// <summary>Extended attributes in the order they came.</summary>
    public required IReadOnlyList<KeyValuePair<string, byte[]>> Xattrs { get; init; }

    /// <summary>The name for people.</summary>
    public string DisplayName => Encoding.UTF8.GetString(Name);
}
