using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Files that somebody else has named: they are read only if they are regular, and not without end.</summary>
public static partial class RegularFile
{
    private const int NoControllingTerminal = 0x100;

    /// <summary>Reads a whole file, following symbolic links; it is never waited for, as a pipe without a writer would be.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most bytes that it may have.</param>
    /// <exception cref="LinuxException">EINVAL: it is not a regular file; EFBIG: it has more bytes; or another error.</exception>
    public static byte[] Read(string path, int limit)
    {
        const int Flags = OpenFlags.ReadOnly | OpenFlags.NonBlocking | OpenFlags.CloseOnExec | NoControllingTerminal;
        using var file = new Fd(LinuxException.Check(OpenCall(path, Flags, 0), "open", path));
        var status = FileStatus.Of(file);
        if (status.Kind != FileKind.Regular)
        {
            throw new LinuxException("read", path, (int)Errno.EINVAL);
        }

        var bytes = new byte[Math.Min(status.Size, limit) + 1];
        var length = 0;
        for (int count; length < bytes.Length && (count = FdStream.Read(file, bytes.AsSpan(length))) > 0;)
        {
            length += count;
        }

        return length <= limit && length <= status.Size ? bytes[..length] : throw new LinuxException("read", path, (int)Errno.EFBIG);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);
}
