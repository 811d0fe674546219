using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>
/// The content of a small file of cgroupfs or procfs, read into a rented buffer; for those who read thousands of them. A file
/// that is missing, or cannot be read because what it tells of is gone, is empty.
/// <code>
/// using var stat = KernelText.Read(cgroup, "memory.stat");
/// var cache = stat["total_cache"u8] ?? 0;
/// </code>
/// </summary>
public readonly unsafe ref partial struct KernelText
{
    private const int FirstBuffer = 4096;
    private const int LongestPath = 4096;
    private readonly byte[] _rented;
    private readonly int _length;

    private KernelText(byte[] rented, int length)
    {
        _rented = rented;
        _length = length;
    }

    /// <summary>The content.</summary>
    public ReadOnlySpan<byte> Bytes => _rented.AsSpan(0, _length);

    /// <summary>True when there is any content.</summary>
    public bool Exists => _length > 0;

    /// <summary>The content as a number; null when it is none, such as <c>max</c>.</summary>
    public ulong? Number => ParseNumber(Bytes);

    /// <summary>The number on the line <c>key number</c>; null when there is no such line.</summary>
    public ulong? this[ReadOnlySpan<byte> key]
    {
        get
        {
            foreach (var range in Bytes.Split((byte)'\n'))
            {
                var line = Bytes[range];
                if (line.Length > key.Length && line[key.Length] == ' ' && line.StartsWith(key))
                {
                    return ParseNumber(line[(key.Length + 1)..]);
                }
            }

            return null;
        }
    }

    /// <summary>Reads a file.</summary>
    public static KernelText Read(string directory, string name)
    {
        using var file = new Fd(Open(directory, name));
        var bytes = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        var length = 0;
        while (!file.IsInvalid)
        {
            fixed (byte* free = &bytes[length])
            {
                var count = (int)ReadCall(file.Number, free, (nuint)(bytes.Length - length));
                if (count <= 0)
                {
                    break;
                }

                length += count;
            }

            if (length == bytes.Length)
            {
                bytes = Grow(bytes);
            }
        }

        return new KernelText(bytes, length);
    }

    /// <summary>The number in a file; null when it is missing or holds none.</summary>
    public static ulong? NumberIn(string directory, string name)
    {
        using var text = Read(directory, name);
        return text.Number;
    }

    /// <summary>The number that a text starts with; null when it does not start with one.</summary>
    public static ulong? ParseNumber(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out ulong number, out _) ? number : null;

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_rented);

    private static byte[] Grow(byte[] full)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(2 * full.Length);
        full.CopyTo(bytes, 0);
        ArrayPool<byte>.Shared.Return(full);
        return bytes;
    }

    private static int Open(string directory, string name)
    {
        var path = stackalloc byte[LongestPath];
        var room = new Span<byte>(path, LongestPath - 1);
        if (!Encoding.UTF8.TryGetBytes(directory, room, out var length) || length + 1 + Encoding.UTF8.GetMaxByteCount(name.Length) > room.Length)
        {
            return -1;
        }

        path[length++] = (byte)'/';
        length += Encoding.UTF8.GetBytes(name, room[length..]);
        path[length] = 0;
        return OpenCall(path, OpenFlags.ReadOnly | OpenFlags.CloseOnExec, 0);
    }

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int OpenCall(byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadCall(int fd, byte* buffer, nuint length);
}
