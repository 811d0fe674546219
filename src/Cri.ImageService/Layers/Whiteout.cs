namespace Cri.ImageService.Layers;

/// <summary>The names that the image specification's layer.md gives to removals: ".wh.name", and ".wh..wh..opq" for a whole directory.</summary>
internal static class Whiteout
{
    private static ReadOnlySpan<byte> Prefix => ".wh."u8;

    private static ReadOnlySpan<byte> MetadataPrefix => ".wh..wh."u8;

    private static ReadOnlySpan<byte> OpaqueMarker => ".wh..wh..opq"u8;

    internal static bool IsOpaqueMarker(ReadOnlySpan<byte> leaf) => leaf.SequenceEqual(OpaqueMarker);

    /// <summary>True for AUFS's own bookkeeping, which means nothing outside AUFS.</summary>
    internal static bool IsMetadata(ReadOnlySpan<byte> path)
    {
        foreach (var range in path.Split((byte)'/'))
        {
            if (path[range].StartsWith(MetadataPrefix) && !IsOpaqueMarker(path[range]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when the entry removes a name; <paramref name="removed"/> is that name.</summary>
    /// <exception cref="LayerFormatException">It would remove the directory itself or its parent.</exception>
    internal static bool TryParse(ReadOnlySpan<byte> leaf, out ReadOnlySpan<byte> removed)
    {
        removed = [];
        if (!leaf.StartsWith(Prefix))
        {
            return false;
        }

        removed = leaf[Prefix.Length..];
        return removed.IsEmpty || removed.SequenceEqual("."u8) || removed.SequenceEqual(".."u8)
            ? throw new LayerFormatException("a whiteout of the root, of a directory by itself or of its parent is not allowed")
            : true;
    }
}
