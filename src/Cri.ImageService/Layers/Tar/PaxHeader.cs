using System.Buffers.Text;
using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Layers.Tar;

/// <summary>
/// The records of a PAX extended header (pax(1), "length key=value\n") and of GNU's long names: what overrides the next
/// header block. Names count as bytes, whatever <c>hdrcharset</c> says.
/// </summary>
internal sealed class PaxHeader
{
    private const string XattrPrefix = "SCHILY.xattr.";
    private const string LibarchiveXattrPrefix = "LIBARCHIVE.xattr.";
    private const string SparsePrefix = "GNU.sparse.";

    private readonly List<KeyValuePair<string, byte[]>> _xattrs = [];

    internal PaxHeader()
    {
    }

    /// <summary>Begins with what a global header says of every entry: owner and time.</summary>
    internal PaxHeader(PaxHeader common) => (UserId, GroupId, Modified) = (common.UserId, common.GroupId, common.Modified);

    internal byte[]? Name { get; set; }

    internal byte[]? LinkName { get; set; }

    internal long? Size { get; private set; }

    internal long? UserId { get; private set; }

    internal long? GroupId { get; private set; }

    internal FileTime? Modified { get; private set; }

    /// <summary>Set when the file has holes.</summary>
    internal SparseMap? Sparse { get; private set; }

    /// <summary>What only makes sense for a single entry.</summary>
    internal bool NamesOneEntry => Name is not null || LinkName is not null || Size is not null || Sparse is not null;

    internal IReadOnlyList<KeyValuePair<string, byte[]>> Xattrs => _xattrs;

    /// <summary>Reads the records of one extended header into this one.</summary>
    internal void Add(ReadOnlySpan<byte> records)
    {
        // Some writers pad the records with zeros.
        while (!records.IsEmpty && records[0] != 0)
        {
            if (!Utf8Parser.TryParse(records, out int length, out var digits)
                || digits >= records.Length || records[digits] != ' '
                || length <= digits + 1 || length > records.Length || records[length - 1] != '\n')
            {
                throw new LayerFormatException("damaged PAX header");
            }

            AddRecord(records[(digits + 1)..(length - 1)]);
            records = records[length..];
        }
    }

    private void AddRecord(ReadOnlySpan<byte> record)
    {
        var equals = record.IndexOf((byte)'=');
        if (equals <= 0)
        {
            throw new LayerFormatException("damaged PAX header: a record has no key");
        }

        var key = Encoding.UTF8.GetString(record[..equals]);
        Apply(key, record[(equals + 1)..]);
    }

    // An empty value takes the record back, so that the header block counts again.
    private void Apply(string key, ReadOnlySpan<byte> value)
    {
        switch (key)
        {
            case "path":
                Name = value.IsEmpty ? null : Whole(key, value);
                break;
            case "linkpath":
                LinkName = value.IsEmpty ? null : Whole(key, value);
                break;
            case "size":
                Size = Number(key, value);
                break;
            case "uid":
                UserId = Number(key, value);
                break;
            case "gid":
                GroupId = Number(key, value);
                break;
            case "mtime":
                Modified = value.IsEmpty ? null : Time(value);
                break;
            case var _ when key.StartsWith(XattrPrefix, StringComparison.Ordinal):
                _xattrs.Add(new(key[XattrPrefix.Length..], value.ToArray()));
                break;
            case var _ when key.StartsWith(LibarchiveXattrPrefix, StringComparison.Ordinal):
                AddEncoded(Uri.UnescapeDataString(key[LibarchiveXattrPrefix.Length..]), value);
                break;
            case var _ when key.StartsWith(SparsePrefix, StringComparison.Ordinal):
                (Sparse ??= new SparseMap()).Apply(key[SparsePrefix.Length..], value);
                break;
            default:
                break;
        }
    }

    // libarchive writes each attribute in its own form, in base64 without padding, and in Schilling's, which others read too.
    private void AddEncoded(string name, ReadOnlySpan<byte> value)
    {
        if (_xattrs.Exists(known => known.Key == name))
        {
            return;
        }

        var text = Encoding.ASCII.GetString(value).TrimEnd('=');
        var decoded = new byte[text.Length];
        _xattrs.Add(Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), decoded, out var length)
            ? new(name, decoded[..length])
            : throw new LayerFormatException($"damaged PAX header: attribute {name} is not in base64"));
    }

    private static byte[] Whole(string key, ReadOnlySpan<byte> value) =>
        value.Contains((byte)0) ? throw new LayerFormatException($"damaged PAX header: {key} has a NUL in it") : value.ToArray();

    private static long? Number(string key, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        return Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length
            ? number
            : throw new LayerFormatException($"damaged PAX header: {key} is not a number");
    }

    // Seconds with a decimal fraction, perhaps negative: -1.5 is one and a half seconds before 1970.
    private static FileTime Time(ReadOnlySpan<byte> value)
    {
        var point = value.IndexOf((byte)'.');
        var whole = point < 0 ? value : value[..point];
        var fraction = point < 0 ? [] : value[(point + 1)..];
        if (!Utf8Parser.TryParse(whole, out long seconds, out var used) || used != whole.Length || fraction.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            throw new LayerFormatException("damaged PAX header: mtime is not a time");
        }

        var nanoseconds = 0u;
        for (var i = 0; i < 9; i++)
        {
            nanoseconds = (nanoseconds * 10) + (i < fraction.Length ? (uint)(fraction[i] - '0') : 0);
        }

        return value[0] == '-' && nanoseconds > 0 && seconds > long.MinValue
            ? new FileTime(seconds - 1, 1_000_000_000 - nanoseconds)
            : new FileTime(seconds, nanoseconds);
    }
}
