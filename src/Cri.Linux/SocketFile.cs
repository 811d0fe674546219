using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The file that a unix socket is bound to (unix(7)).</summary>
public static unsafe partial class SocketFile
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint TypeMask = 1;
    private const int ModeOffset = 28;
    private const int FileTypeBits = 0xF000;
    private const int Socket = 0xC000;

    /// <summary>True when the path, not followed if it is a link, is a socket. Throws ENOENT when there is nothing.</summary>
    public static bool Is(string path)
    {
        // struct statx is 256 bytes with the same layout on every architecture; stx_mode is its 16 bits at offset 28.
        var status = stackalloc byte[256];
        LinuxException.Check(StatX(CurrentDirectory, path, NoFollow, TypeMask, status), "statx", path);
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(status + ModeOffset, sizeof(ushort)));
        return (mode & FileTypeBits) == Socket;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, byte* status);
}
