namespace Cri.ImageService.Layers;

/// <summary>Holds a layer that is being unpacked, and the image it belongs to, to the limits.</summary>
/// <param name="limits">The limits.</param>
/// <param name="compressedSize">The bytes that the layer has compressed.</param>
/// <param name="image">What the image's layers come to.</param>
internal sealed class UnpackMeter(LayerLimits limits, long compressedSize, UnpackedTotals image)
{
    private long _bytes;
    private long _entries;

    /// <summary>Counts uncompressed bytes of the archive. From one thread.</summary>
    /// <exception cref="LayerFormatException">They are too many; it names the limit, its value and what was seen.</exception>
    internal void AddBytes(int count)
    {
        _bytes += count;
        var imageBytes = image.AddBytes(count);
        CheckBytes(_bytes, limits.LayerBytes, "layerMiB", "layer");
        CheckBytes(imageBytes, limits.ImageBytes, "imageMiB", "image");
        if (_bytes > LayerLimits.RatioFloor && _bytes / limits.Ratio > compressedSize)
        {
            throw new LayerFormatException(
                $"it exceeds images.limits.ratio, {limits.Ratio}: {compressedSize} compressed bytes gave more than {_bytes}");
        }
    }

    /// <summary>Counts an entry of the archive. From one thread.</summary>
    /// <exception cref="LayerFormatException">They are too many.</exception>
    internal void AddEntry()
    {
        CheckEntries(++_entries, limits.LayerEntries, "layerEntries", "layer");
        CheckEntries(image.AddEntry(), limits.ImageEntries, "imageEntries", "image");
    }

    private static void CheckBytes(long seen, long limit, string key, string what)
    {
        if (seen > limit)
        {
            throw new LayerFormatException($"it exceeds images.limits.{key}, {limit >> 20}: the {what} unpacks to at least {seen} bytes");
        }
    }

    private static void CheckEntries(long seen, long limit, string key, string what)
    {
        if (seen > limit)
        {
            throw new LayerFormatException($"it exceeds images.limits.{key}, {limit}: the {what} has at least {seen} entries");
        }
    }
}
