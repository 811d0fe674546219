using System.IO.Compression;

namespace Cri.ImageService.Layers;

/// <summary>
/// How a layer is compressed, told by its first bytes, since media types in the wild do not always say the truth.
/// </summary>
internal static class LayerCompression
{
    /// <summary>How many leading bytes <see cref="Open"/> needs, if the layer has that many.</summary>
    internal const int MagicLength = 4;

    /// <summary>A stream of the plain tar inside <paramref name="compressed"/>, which begins with <paramref name="magic"/>.</summary>
    internal static Stream Open(Stream compressed, ReadOnlySpan<byte> magic) => magic switch
    {
        [0x1F, 0x8B, ..] => new GZipStream(compressed, CompressionMode.Decompress, leaveOpen: true),
        [0x28, 0xB5, 0x2F, 0xFD, ..] or [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..] => new ZstdStream(compressed),
        [(byte)'B', (byte)'Z', (byte)'h', ..] => throw new LayerFormatException("it is compressed with bzip2, which images may not be"),
        [0xFD, (byte)'7', (byte)'z', (byte)'X', ..] => throw new LayerFormatException("it is compressed with xz, which images may not be"),
        _ => compressed,
    };
}
