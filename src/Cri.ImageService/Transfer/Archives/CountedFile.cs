using Cri.ImageService.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>A file read from its beginning, that says how far its reader is: buffering does not count.</summary>
internal sealed class CountedFile(SafeFileHandle file) : ReadOnlyStream
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;

    /// <summary>How many bytes were read from it.</summary>
    internal long Offset { get; private set; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, RandomAccess.Read(file, _buffer, Offset));
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        Offset += count;
        return count;
    }
}
