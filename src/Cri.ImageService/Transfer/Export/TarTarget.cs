using System.Buffers.Binary;
using System.Text;

namespace Cri.ImageService.Transfer.Export;

/// <summary>An export as a tar: ustar, each file owned by root with the time 0, so that equal exports are equal byte by byte.</summary>
internal sealed class TarTarget(Stream output) : IExportTarget
{
    private const int BlockSize = 512;
    private const int NameMax = 100;
    private const long OctalMax = 0x1_FFFF_FFFF; // 11 octal digits

    private readonly byte[] _buffer = new byte[256 * 1024];

    /// <inheritdoc/>
    public async Task AddAsync(string name, Stream content, long length, CancellationToken cancellation)
    {
        await output.WriteAsync(Header(name, length), cancellation);
        var left = length;
        int count;
        while ((count = content.Read(_buffer)) > 0)
        {
            left -= count;
            if (left < 0)
            {
                break;
            }

            await output.WriteAsync(_buffer.AsMemory(0, count), cancellation);
        }

        if (left != 0)
        {
            throw new IOException($"{name}: its content is {(left < 0 ? "longer" : "shorter")} than {length} bytes");
        }

        await output.WriteAsync(new byte[-length & (BlockSize - 1)], cancellation);
    }

    /// <inheritdoc/>
    public async Task FinishAsync(CancellationToken cancellation)
    {
        await output.WriteAsync(new byte[2 * BlockSize], cancellation);
        await output.FlushAsync(cancellation);
    }

    // tar(5), the ustar form.
    private static byte[] Header(string name, long length)
    {
        var block = new byte[BlockSize];
        var (prefix, rest) = Split(name);
        Put(block, 0, rest);
        Put(block, 100, "0000644\0");
        Put(block, 108, "0000000\0");
        Put(block, 116, "0000000\0");
        PutLength(block.AsSpan(124, 12), length);
        Put(block, 136, "00000000000\0");
        Put(block, 148, "        ");
        block[156] = (byte)'0';
        Put(block, 257, "ustar\0" + "00");
        Put(block, 345, prefix);
        Put(block, 148, Convert.ToString(block.Sum(value => value), 8).PadLeft(6, '0') + "\0 ");
        return block;
    }

    private static (string Prefix, string Name) Split(string name)
    {
        var slash = name.LastIndexOf('/');
        return name.Length <= NameMax ? ("", name) : (name[..slash], name[(slash + 1)..]);
    }

    // From 8 GiB on as GNU tar does it: a set first bit, then the number in binary.
    private static void PutLength(Span<byte> field, long length)
    {
        if (length <= OctalMax)
        {
            Encoding.ASCII.GetBytes(Convert.ToString(length, 8).PadLeft(11, '0') + "\0", field);
            return;
        }

        field[0] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(field[4..], length);
    }

    private static void Put(byte[] block, int offset, string text) => Encoding.ASCII.GetBytes(text).CopyTo(block, offset);
}
