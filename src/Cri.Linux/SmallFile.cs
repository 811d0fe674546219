using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>
/// Reads and writes files that fit into memory easily, among them those of procfs and cgroupfs, by plain system calls: the
/// errors name call, path and cause in every build.
/// </summary>
public static partial class SmallFile
{
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int Truncate = 0x200;
    private const int CloseOnExec = 0x80000;
    private const int FirstBuffer = 4096;

    /// <summary>The mode of a file for its owner alone.</summary>
    public const uint OwnerOnly = 0x180; // 0600

    /// <summary>Reads a whole file.</summary>
    public static byte[] Read(string path)
    {
        using var file = Open(path, ReadOnly, 0);
        var bytes = new byte[FirstBuffer];
        var length = 0;
        for (int count; (count = FdStream.Read(file, bytes.AsSpan(length))) > 0;)
        {
            length += count;
            if (length == bytes.Length)
            {
                Array.Resize(ref bytes, 2 * length);
            }
        }

        return bytes[..length];
    }

    /// <summary>Reads a whole file as UTF-8.</summary>
    public static string ReadText(string path) => Encoding.UTF8.GetString(Read(path));

    /// <summary>Writes a file from its beginning, and creates it when it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">Its content.</param>
    /// <param name="mode">Permission bits of a new file, subject to the umask; 0644 unless given.</param>
    public static void Write(string path, ReadOnlySpan<byte> bytes, uint mode = 0x1a4)
    {
        using var file = Open(path, WriteOnly | Create | Truncate, mode);
        FdStream.WriteAll(file, bytes);
    }

    /// <summary>Writes to a file that exists, in one write(2), as kernel parameters and cgroup files want it.</summary>
    public static void Set(string path, string value)
    {
        using var file = Open(path, WriteOnly, 0);
        FdStream.Write(file, Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Removes a file. Nothing happens when it is gone, alone or with its directory.</summary>
    public static void Delete(string path)
    {
        if (Unlink(path) < 0 && LinuxException.FromLast("unlink", path) is { Error: not (Errno.ENOENT or Errno.ENOTDIR) } error)
        {
            throw error;
        }
    }

    /// <summary>Opens a file for those who read it piece by piece.</summary>
    internal static Fd OpenRead(string path) => Open(path, ReadOnly, 0);

    private static Fd Open(string path, int flags, uint mode) =>
        new(LinuxException.Check(OpenCall(path, flags | CloseOnExec, mode), "open", path));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);
}
