using System.Text;

namespace Cri.ImageService.Layers;

/// <summary>
/// The name of an archive entry as a path below the layer's root: components joined by one slash, without "." and
/// without a trailing slash; empty for the root itself. A slash at the beginning is the root's too: ko and kaniko write such names. One
/// with ".." is refused.
/// </summary>
internal readonly struct EntryPath
{
    private const int PathMax = 4095;

    private readonly byte[] _path;
    private readonly int _leafStart;

    private EntryPath(byte[] path)
    {
        _path = path;
        _leafStart = path.AsSpan().LastIndexOf((byte)'/') + 1;
    }

    internal bool IsRoot => _path.Length == 0;

    internal ReadOnlySpan<byte> Bytes => _path;

    internal ReadOnlySpan<byte> Leaf => _path.AsSpan(_leafStart);

    /// <summary>The path of the directory it is in; empty for the root.</summary>
    internal ReadOnlySpan<byte> Parent => _path.AsSpan(0, Math.Max(_leafStart - 1, 0));

    /// <exception cref="LayerFormatException">The name is hostile; the message says how.</exception>
    internal static EntryPath Parse(ReadOnlySpan<byte> name)
    {
        if (name.Length > PathMax)
        {
            throw new LayerFormatException($"the path is longer than {PathMax} bytes");
        }

        if (name.Contains((byte)0))
        {
            throw new LayerFormatException("the path has a NUL in it");
        }

        return new EntryPath(Clean(name));
    }

    /// <inheritdoc/>
    public override string ToString() => Encoding.UTF8.GetString(_path);

    private static byte[] Clean(ReadOnlySpan<byte> name)
    {
        var cleaned = new List<byte>(name.Length);
        foreach (var range in name.Split((byte)'/'))
        {
            var component = name[range];
            if (component.SequenceEqual(".."u8))
            {
                throw new LayerFormatException("\"..\" is not allowed in a path of a layer");
            }

            if (component.IsEmpty || component.SequenceEqual("."u8))
            {
                continue;
            }

            if (cleaned.Count > 0)
            {
                cleaned.Add((byte)'/');
            }

            cleaned.AddRange(component);
        }

        return [.. cleaned];
    }
}
