using Cri.ImageService.Layers;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>A stream whose first bytes were read already, to tell what it is.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> start, Stream rest) : ReadOnlyStream
{
    private ReadOnlyMemory<byte> _start = start;

    /// <summary>How many bytes were read from it.</summary>
    internal long Count { get; private set; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = _start.IsEmpty ? rest.Read(buffer) : ReadStart(buffer);
        Count += count;
        return count;
    }

    private int ReadStart(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _start.Length);
        _start.Span[..count].CopyTo(buffer);
        _start = _start[count..];
        return count;
    }
}
