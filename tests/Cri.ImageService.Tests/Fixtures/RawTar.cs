using System.Text;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>Tar blocks byte by byte, for what a tar library would not write.</summary>
public static class RawTar
{
    public static byte[] End => new byte[1024];

    public static byte[] Entry(string name, char type, string content)
    {
        var bytes = Encoding.Latin1.GetBytes(content);
        return Entry(name, type, bytes);
    }

    public static byte[] Entry(string name, char type, byte[] content)
    {
        var block = new byte[512 + ((content.Length + 511) / 512 * 512)];
        Encoding.Latin1.GetBytes(name).CopyTo(block, 0);
        Put(block, 100, "0000644\0");
        Put(block, 108, "0000000\0");
        Put(block, 116, "0000000\0");
        Put(block, 124, Convert.ToString(content.Length, 8).PadLeft(11, '0') + "\0");
        Put(block, 136, "00000000000\0");
        block[156] = (byte)type;
        Put(block, 257, "ustar\0" + "00");
        Sign(block);
        content.CopyTo(block, 512);
        return block;
    }

    /// <summary>A header whose fields the test sets itself, by their offset; the checksum is set last.</summary>
    public static byte[] Header(string name, char type, params (int Offset, string Bytes)[] fields)
    {
        var block = Entry(name, type, "");
        foreach (var (offset, bytes) in fields)
        {
            Encoding.Latin1.GetBytes(bytes).CopyTo(block, offset);
        }

        Sign(block);
        return block;
    }

    /// <summary>Sets the checksum of the header that <paramref name="block"/> begins with.</summary>
    public static void Sign(byte[] block)
    {
        Put(block, 148, "        ");
        Put(block, 148, Convert.ToString(block.Take(512).Sum(value => value), 8).PadLeft(6, '0') + "\0 ");
    }

    public static byte[] Pax(params byte[][] records) => Entry("pax", 'x', [.. records.SelectMany(record => record)]);

    public static byte[] PaxRecord(string key, byte[] value)
    {
        var body = 1 + key.Length + 1 + value.Length + 1;
        var length = body + (body + 2).ToString().Length;
        length = body + length.ToString().Length;
        return [.. Encoding.ASCII.GetBytes($"{length} {key}="), .. value, (byte)'\n'];
    }

    private static void Put(byte[] block, int offset, string text) => Encoding.ASCII.GetBytes(text).CopyTo(block, offset);
}
