using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>Extended attributes (xattr(7)): set, get, list. A final symbolic link is never followed.</summary>
public static partial class Xattrs
{
    /// <summary>The largest list of names that the kernel hands out, in bytes.</summary>
    private const int ListMax = 65536;

    /// <summary>Sets an attribute of an open file.</summary>
    /// <exception cref="LinuxException">ENOTSUP when the file system has none, EPERM, ENOSPC and the like.</exception>
    public static void Set(Fd file, string name, ReadOnlySpan<byte> value) =>
        LinuxException.Check(FSet(file, name, value, (nuint)value.Length, 0), "fsetxattr", name);

    /// <summary>Sets an attribute of an entry of an open directory, of any kind.</summary>
    /// <exception cref="LinuxException">ENOTSUP when the file system has none, EPERM, ENOSPC and the like.</exception>
    public static void Set(Fd parent, ReadOnlySpan<byte> entry, string name, ReadOnlySpan<byte> value)
    {
        // There is no lsetxattrat before Linux 6.13; the descriptor's magic link pins the parent just as well.
        byte[] path = [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{parent.Number}/"), .. entry, 0];
        LinuxException.Check(LSetBytes(path, name, value, (nuint)value.Length, 0), "lsetxattr", $"{NativePath.Show(entry)} {name}");
    }

    /// <summary>Sets an attribute of the file at <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">ENOTSUP when the file system has none, EPERM, ENOSPC and the like.</exception>
    public static void Set(string path, string name, ReadOnlySpan<byte> value) =>
        LinuxException.Check(LSet(path, name, value, (nuint)value.Length, 0), "lsetxattr", $"{path} {name}");

    /// <summary>The value of an attribute; null when the file does not have it.</summary>
    /// <exception cref="LinuxException">The file does not exist or cannot be read.</exception>
    public static byte[]? Get(string path, string name)
    {
        var size = LGet(path, name, [], 0);
        if (size < 0 && Marshal.GetLastPInvokeError() is (int)Errno.ENODATA or (int)Errno.ENOTSUP)
        {
            return null;
        }

        var value = new byte[LinuxException.Check(size, "lgetxattr", $"{path} {name}")];
        LinuxException.Check(LGet(path, name, value, (nuint)value.Length), "lgetxattr", $"{path} {name}");
        return value;
    }

    /// <summary>The names of all attributes of the file at <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">The file does not exist or cannot be read.</exception>
    public static string[] List(string path)
    {
        var buffer = new byte[ListMax];
        var size = LList(path, buffer, ListMax);
        if (size < 0 && Marshal.GetLastPInvokeError() == (int)Errno.ENOTSUP)
        {
            return [];
        }

        var names = Encoding.UTF8.GetString(buffer, 0, (int)LinuxException.Check(size, "llistxattr", path));
        return names.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FSet(Fd file, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSetBytes(byte[] path, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSet(string path, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LGet(string path, string name, Span<byte> value, nuint size);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LList(string path, Span<byte> names, nuint size);
}
