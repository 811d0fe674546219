using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Files with holes.</summary>
public sealed partial class FileTree
{
    /// <summary>Writes all of <paramref name="content"/> at <paramref name="offset"/>, whatever the file's position is.</summary>
    /// <exception cref="LinuxException">ENOSPC, EDQUOT, EIO, EFBIG and the like.</exception>
    public static void Write(Fd file, ReadOnlySpan<byte> content, long offset)
    {
        while (!content.IsEmpty)
        {
            var written = WriteAt(file, content, (nuint)content.Length, offset);
            if (written < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR)
            {
                continue;
            }

            LinuxException.Check(written, "pwrite");
            content = content[(int)written..];
            offset += written;
        }
    }

    /// <summary>Makes an open file so many bytes long; what is added is a hole.</summary>
    /// <exception cref="LinuxException">EFBIG: the file system has no files of this length; or another error.</exception>
    public static void SetLength(Fd file, long length) => LinuxException.Check(FTruncate(file, length), "ftruncate");

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(Fd file, ReadOnlySpan<byte> buffer, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int FTruncate(Fd file, long length);
}
