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
        var result = LSetBytes(PathOf(parent, entry), name, value, (nuint)value.Length, 0);
        LinuxException.Check(result, "lsetxattr", $"{NativePath.Show(entry)} {name}");
    }

    /// <summary>The value of an attribute of an entry of an open directory; null when it does not have it.</summary>
    /// <exception cref="LinuxException">The entry does not exist or cannot be read.</exception>
    public static byte[]? Get(Fd parent, ReadOnlySpan<byte> entry, string name) => Get(PathOf(parent, entry), name, NativePath.Show(entry));

    /// <summary>The names of all attributes of an entry of an open directory.</summary>
    /// <exception cref="LinuxException">The entry does not exist or cannot be read.</exception>
    public static string[] List(Fd parent, ReadOnlySpan<byte> entry) => List(PathOf(parent, entry), NativePath.Show(entry));

    /// <summary>Sets an attribute of the file at <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">ENOTSUP when the file system has none, EPERM, ENOSPC and the like.</exception>
    public static void Set(string path, string name, ReadOnlySpan<byte> value) =>
        LinuxException.Check(LSet(path, name, value, (nuint)value.Length, 0), "lsetxattr", $"{path} {name}");

    /// <summary>The value of an attribute; null when the file does not have it.</summary>
    /// <exception cref="LinuxException">The file does not exist or cannot be read.</exception>
    public static byte[]? Get(string path, string name) => Get(PathOf(path), name, path);

    /// <summary>The names of all attributes of the file at <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">The file does not exist or cannot be read.</exception>
    public static string[] List(string path) => List(PathOf(path), path);

    private static byte[]? Get(byte[] path, string name, string target)
    {
        var size = LGet(path, name, [], 0);
        if (size < 0 && Marshal.GetLastPInvokeError() is (int)Errno.ENODATA or (int)Errno.ENOTSUP)
        {
            return null;
        }

        var value = new byte[LinuxException.Check(size, "lgetxattr", $"{target} {name}")];
        LinuxException.Check(LGet(path, name, value, (nuint)value.Length), "lgetxattr", $"{target} {name}");
        return value;
    }

    private static string[] List(byte[] path, string target)
    {
        // Most files have none, and the largest list is not worth its buffer then.
        var size = LList(path, [], 0);
        if (size == 0 || (size < 0 && Marshal.GetLastPInvokeError() == (int)Errno.ENOTSUP))
        {
            return [];
        }

        LinuxException.Check(size, "llistxattr", target);
        var buffer = new byte[ListMax];
        var names = Encoding.UTF8.GetString(buffer, 0, (int)LinuxException.Check(LList(path, buffer, ListMax), "llistxattr", target));
        return names.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    // There is no lsetxattrat and so on before Linux 6.13; the descriptor's magic link pins the parent just as well.
    private static byte[] PathOf(Fd parent, ReadOnlySpan<byte> entry) =>
        [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{parent.Number}/"), .. entry, 0];

    private static byte[] PathOf(string path) => NativePath.Terminate(Encoding.UTF8.GetBytes(path));

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FSet(Fd file, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSetBytes(byte[] path, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSet(string path, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LGet(byte[] path, string name, Span<byte> value, nuint size);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
    private static partial nint LList(byte[] path, Span<byte> names, nuint size);
}
