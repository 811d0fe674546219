using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>Stream sockets of the unix domain (unix(7)) as plain non-blocking, close-on-exec descriptors.</summary>
public static unsafe partial class UnixSocket
{
    private const int Family = 1;
    private const int StreamNonBlockCloseOnExec = 1 | 0x800 | 0x80000;
    private const int NonBlockCloseOnExec = 0x800 | 0x80000;
    private const int SendNoSignal = 0x4000;
    private const int ReceiveCloseOnExec = 0x40000000;
    private const int SolSocket = 1;
    private const int ScmRights = 1;
    private const uint AnyoneMode = 0x1ff; // 0777

    /// <summary>The mode of a socket for its owner alone.</summary>
    public const uint OwnerOnly = 0x180; // 0600

    /// <summary>The longest path of a socket, bytes.</summary>
    public const int MaxPath = 107;

    /// <summary>Binds a socket and listens. Throws EADDRINUSE when the path exists, ENAMETOOLONG beyond <see cref="MaxPath"/>.</summary>
    /// <param name="path">Where.</param>
    /// <param name="backlog">How many connections may wait to be accepted.</param>
    /// <param name="mode">Permission bits of the file, subject to the umask.</param>
    public static Fd Listen(string path, int backlog = 128, uint mode = AnyoneMode)
    {
        var socket = Create();
        var address = stackalloc byte[MaxPath + 3];
        var length = Address(path, address);
        try
        {
            // Set on the socket before it has a name, so that the file never had any other (unix(7)).
            LinuxException.Check(ChangeMode(socket.Number, mode), "fchmod", path);
            LinuxException.Check(BindCall(socket.Number, address, length), "bind", path);
            LinuxException.Check(ListenCall(socket.Number, backlog), "listen", path);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects. Throws ECONNREFUSED or ENOENT when nobody listens, EAGAIN when the listener's backlog is full.</summary>
    public static Fd Connect(string path)
    {
        var socket = Create();
        var address = stackalloc byte[MaxPath + 3];
        var length = Address(path, address);
        try
        {
            LinuxException.Check(ConnectCall(socket.Number, address, length), "connect", path);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Accepts a connection; null when none is waiting.</summary>
    public static Fd? Accept(Fd listener)
    {
        var fd = Accept4(listener.Number, null, null, NonBlockCloseOnExec);
        if (fd >= 0)
        {
            return new Fd(fd);
        }

        return (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR or (Errno)103
            ? null
            : throw LinuxException.FromLast("accept4");
    }

    /// <summary>Sends what fits, without SIGPIPE: the count or <see cref="FdStream.WouldBlock"/>.</summary>
    public static int Send(Fd socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            var count = SendCall(socket.Number, data, bytes.Length, SendNoSignal);
            return count >= 0 || Marshal.GetLastPInvokeError() == (int)Errno.EAGAIN
                ? (int)count
                : throw LinuxException.FromLast("send");
        }
    }

    /// <summary>
    /// Receives a message and the descriptor that came with it (SCM_RIGHTS); null when the peer closed or sent none.
    /// Throws EAGAIN when nothing has arrived.
    /// </summary>
    public static Fd? ReceiveDescriptor(Fd socket)
    {
        var data = stackalloc byte[512];
        var control = stackalloc byte[64];
        var vector = new IoVector { Base = data, Length = 512 };
        var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 64 };
        LinuxException.Check(ReceiveMessage(socket.Number, &message, ReceiveCloseOnExec), "recvmsg");

        // struct cmsghdr: size_t length, int level, int type, then the data.
        var carriesOne = message.ControlLength >= 20 && *(int*)(control + 8) == SolSocket && *(int*)(control + 12) == ScmRights;
        return carriesOne ? new Fd(*(int*)(control + 16)) : null;
    }

    private static Fd Create() => new(LinuxException.Check(Socket(Family, StreamNonBlockCloseOnExec, 0), "socket"));

    private static uint Address(string path, byte* address)
    {
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > MaxPath)
        {
            throw new LinuxException("bind or connect", path, (int)Errno.ENAMETOOLONG);
        }

        *(ushort*)address = Family;
        Encoding.UTF8.GetBytes(path, new Span<byte>(address + 2, MaxPath));
        address[2 + length] = 0;
        return (uint)length + 3;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int BindCall(int fd, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int ChangeMode(int fd, uint mode);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int ListenCall(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int ConnectCall(int fd, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept4(int fd, byte* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint SendCall(int fd, byte* data, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int fd, MessageHeader* message, int flags);

    // struct iovec and struct msghdr of glibc on 64-bit machines.
    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public byte* Base;
        public nint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nint VectorCount;
        public byte* Control;
        public nint ControlLength;
        public int Flags;
    }
}
