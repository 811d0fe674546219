using System.Globalization;
using System.Text;
using Cri.Linux;

namespace Cri.Shim.Containerd;

/// <summary>The socket of the shim that serves a group of containers; its name follows from containerd, namespace and group.</summary>
internal static class ShimSocket
{
    private const string Directory = "/run/containerd/s";

    /// <summary>The path, the same for all containers of a group.</summary>
    public static string PathFor(string address, string ns, string group) =>
        Path.Combine(Directory, Hash($"crisp\0{address}\0{ns}\0{group}").ToString("x32", CultureInfo.InvariantCulture));

    /// <summary>Listens there; null when a shim that serves the group does already. A socket left by a dead one is replaced.</summary>
    public static Fd? Listen(string path)
    {
        System.IO.Directory.CreateDirectory(Directory);
        try
        {
            return UnixSocket.Listen(path, mode: UnixSocket.OwnerOnly);
        }
        catch (LinuxException e) when (e.Error == Errno.EADDRINUSE)
        {
            if (IsServed(path))
            {
                return null;
            }

            File.Delete(path);
            return UnixSocket.Listen(path, mode: UnixSocket.OwnerOnly);
        }
    }

    /// <summary>Removes the socket of a shim that is dead; one that is served stays.</summary>
    public static void RemoveDead(string path)
    {
        if (File.Exists(path) && !IsServed(path))
        {
            File.Delete(path);
        }
    }

    private static bool IsServed(string path)
    {
        try
        {
            UnixSocket.Connect(path).Dispose();
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    // FNV-1a of 128 bits: a stable name is all that is needed, not a secret.
    private static UInt128 Hash(string text)
    {
        var prime = new UInt128(0x0000000001000000, 0x000000000000013b);
        var hash = new UInt128(0x6c62272e07bb0142, 0x62b821756295c58d);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            hash = unchecked((hash ^ value) * prime);
        }

        return hash;
    }
}
