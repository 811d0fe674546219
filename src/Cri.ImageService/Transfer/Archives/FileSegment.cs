using Cri.ImageService.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>A part of an open file as a stream. Several may read the same file at once; whoever opened the file closes it.</summary>
internal sealed class FileSegment(SafeFileHandle file, long offset, long length) : ReadOnlyStream
{
    private long _position;

    /// <inheritdoc/>
    /// <exception cref="EndOfStreamException">The file is shorter than it was.</exception>
    public override int Read(Span<byte> buffer)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, length - _position)];
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var count = RandomAccess.Read(file, buffer, offset + _position);
        _position += count;
        return count > 0 ? count : throw new EndOfStreamException("the file became shorter while it was read");
    }
}
