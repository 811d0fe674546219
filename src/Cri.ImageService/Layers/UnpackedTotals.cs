namespace Cri.ImageService.Layers;

/// <summary>Counts what the layers of one image have come to, while several of them are extracted. Thread-safe.</summary>
internal sealed class UnpackedTotals
{
    private long _bytes;
    private long _entries;

    /// <summary>Adds bytes, and returns how many there are.</summary>
    internal long AddBytes(long count) => Interlocked.Add(ref _bytes, count);

    /// <summary>Adds an entry, and returns how many there are.</summary>
    internal long AddEntry() => Interlocked.Increment(ref _entries);
}
