using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>A path with every symbolic link resolved (realpath(3)).</summary>
public static unsafe partial class RealPath
{
    /// <summary>Resolves the path. Throws ENOENT or ELOOP when it leads nowhere.</summary>
    public static string Of(string path)
    {
        var resolved = Resolve(path, null);
        if (resolved == null)
        {
            throw LinuxException.FromLast("realpath", path);
        }

        try
        {
            return Marshal.PtrToStringUTF8((nint)resolved)!;
        }
        finally
        {
            NativeMemory.Free(resolved);
        }
    }

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial byte* Resolve(string path, byte* buffer);
}
