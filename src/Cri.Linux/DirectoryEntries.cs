using System.Buffers;
using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Reads the names in a directory as bytes (getdents64(2)), so that names which are not UTF-8 survive.</summary>
public static partial class DirectoryEntries
{
    private const int BufferSize = 8192;

    /// <summary>
    /// The names in an open directory, without "." and ".."; none when the directory has been removed meanwhile. The descriptor
    /// must not be an O_PATH one.
    /// </summary>
    /// <exception cref="LinuxException">The directory cannot be read.</exception>
    public static List<byte[]> Read(Fd directory)
    {
        var names = new List<byte[]>();
        for (List<byte[]> some; (some = ReadNext(directory)).Count > 0;)
        {
            names.AddRange(some);
        }

        return names;
    }

    /// <summary>Some more of those names, a few hundred at most; empty when there are no more. For directories of any size.</summary>
    /// <exception cref="LinuxException">The directory cannot be read.</exception>
    public static List<byte[]> ReadNext(Fd directory)
    {
        var names = new List<byte[]>();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int count;
            while (names.Count == 0 && (count = Fill(directory, buffer)) > 0)
            {
                AddNames(buffer.AsSpan(0, count), names);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return names;
    }

    private static void AddNames(ReadOnlySpan<byte> records, List<byte[]> names)
    {
        // struct linux_dirent64: d_ino (8), d_off (8), d_reclen (2), d_type (1), d_name.
        while (!records.IsEmpty)
        {
            var length = MemoryMarshal.Read<ushort>(records[16..]);
            var name = records[19..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(name.ToArray());
            }

            records = records[length..];
        }
    }

    // ENOENT says that the directory is open, but has no place any more.
    private static int Fill(Fd directory, byte[] buffer)
    {
        var count = Getdents64(directory, buffer, BufferSize);
        return count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.ENOENT ? 0 : (int)LinuxException.Check(count, "getdents64");
    }

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint Getdents64(Fd fd, byte[] buffer, nuint length);
}
