using System.Buffers.Binary;

namespace Cri.Streaming.Spdy;

/// <summary>
/// The compression of header blocks (SPDY draft 3, section 2.6.10.1): one zlib stream for each direction of a session, with a
/// preset dictionary. What we send goes in stored blocks: our headers are a few bytes, and empty in SYN_REPLY.
/// </summary>
internal sealed class HeaderCompression
{
    /// <summary>The most bytes of the headers of one frame, decompressed.</summary>
    internal const int LargestBlock = 64 * 1024;

    private const int StoredLimit = 0xffff;
    private static readonly byte[] _emptyStoredBlock = [0, 0, 0, 0xff, 0xff];

    private readonly Inflater _inflater = new(HeaderDictionary.Bytes.Span);
    private readonly List<byte> _start = [];
    private bool _begun;

    /// <summary>Decompresses the header block of one frame.</summary>
    /// <exception cref="SpdyException">It is malformed or too large; the session cannot go on.</exception>
    internal byte[] Decompress(ReadOnlySpan<byte> block)
    {
        if (_start.Count < 6)
        {
            var missing = Math.Min(6 - _start.Count, block.Length);
            _start.AddRange(block[..missing]);
            block = block[missing..];
            if (_start.Count == 6)
            {
                CheckStart([.. _start]);
            }
        }

        return _inflater.Inflate(block, LargestBlock);
    }

    /// <summary>Compresses a header block for one frame.</summary>
    internal byte[] Compress(ReadOnlySpan<byte> block)
    {
        var output = new MemoryStream();
        if (!_begun)
        {
            _begun = true;
            Span<byte> start = [0x78, 0x20, 0, 0, 0, 0]; // deflate with a 32 KiB window; a dictionary
            start[1] += (byte)(31 - (((start[0] << 8) | start[1]) % 31));
            BinaryPrimitives.WriteUInt32BigEndian(start[2..], HeaderDictionary.Id);
            output.Write(start);
        }

        Span<byte> head = stackalloc byte[5];
        head[0] = 0;
        for (; !block.IsEmpty; block = block[Math.Min(StoredLimit, block.Length)..])
        {
            var piece = block[..Math.Min(StoredLimit, block.Length)];
            BinaryPrimitives.WriteUInt16LittleEndian(head[1..], (ushort)piece.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(head[3..], (ushort)~piece.Length);
            output.Write(head);
            output.Write(piece);
        }

        // A decompressor hands out what it has when it meets an empty stored block.
        output.Write(_emptyStoredBlock);
        return output.ToArray();
    }

    private static void CheckStart(ReadOnlySpan<byte> start)
    {
        if ((start[0] & 0x0f) != 8 || ((start[0] << 8) | start[1]) % 31 != 0 || (start[1] & 0x20) == 0
            || BinaryPrimitives.ReadUInt32BigEndian(start[2..]) != HeaderDictionary.Id)
        {
            throw new SpdyException("compressed headers: not a zlib stream with SPDY/3's dictionary");
        }
    }
}
