using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>Network interfaces of the calling thread's namespace (netdevice(7)).</summary>
public static unsafe partial class NetworkInterface
{
    private const int FamilyInternet = 2;
    private const int DatagramCloseOnExec = 2 | 0x80000;
    private const ulong GetFlags = 0x8913;
    private const ulong SetFlags = 0x8914;
    private const short Up = 1;
    private const int NameSize = 16;

    /// <summary>Brings an interface up.</summary>
    public static void BringUp(string name)
    {
        using var socket = new Fd(LinuxException.Check(Socket(FamilyInternet, DatagramCloseOnExec, 0), "socket"));

        // struct ifreq: the name, then a union that starts with the flags.
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        Encoding.UTF8.GetBytes(name, new Span<byte>(request, NameSize - 1));
        LinuxException.Check(Ioctl(socket.Number, GetFlags, request), "ioctl SIOCGIFFLAGS", name);
        *(short*)(request + NameSize) |= Up;
        LinuxException.Check(Ioctl(socket.Number, SetFlags, request), "ioctl SIOCSIFFLAGS", name);
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, ulong request, byte* argument);
}
