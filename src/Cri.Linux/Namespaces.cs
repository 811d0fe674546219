using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>Namespaces that one thread can make for itself (unshare(2)), with the kernel's flag as value.</summary>
[Flags]
public enum NamespaceKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Host and domain name.</summary>
    Uts = 0x04000000,

    /// <summary>System V IPC and POSIX message queues.</summary>
    Ipc = 0x08000000,

    /// <summary>Network.</summary>
    Net = 0x40000000,
}

/// <summary>Makes namespaces and keeps them by bind mounts (namespaces(7)).</summary>
public static unsafe partial class Namespaces
{
    /// <summary>Gives the calling thread new namespaces; call it on an <see cref="OwnThread"/>.</summary>
    public static void Unshare(NamespaceKinds kinds) => LinuxException.Check(UnshareCall((int)kinds), "unshare", $"{kinds}");

    /// <summary>The namespace named "net", "ipc" or "uts", or null.</summary>
    public static NamespaceKinds? Parse(string name) => name switch
    {
        "net" => NamespaceKinds.Net,
        "ipc" => NamespaceKinds.Ipc,
        "uts" => NamespaceKinds.Uts,
        _ => null,
    };

    /// <summary>Keeps the calling thread's namespace alive at a path, whose file it creates.</summary>
    /// <param name="name">"net", "ipc" or "uts".</param>
    /// <param name="path">Where; its directory must exist.</param>
    public static void Pin(string name, string path)
    {
        SmallFile.Write(path, []);
        Mount.Bind($"/proc/thread-self/ns/{name}", path);
    }

    /// <summary>Gives a pinned namespace up and removes its file; nothing happens when there is none.</summary>
    public static void Unpin(string path)
    {
        Mount.UnmountAll(path);
        File.Delete(path);
    }

    /// <summary>Sets the host name in the calling thread's uts namespace; at most 64 bytes.</summary>
    public static void SetHostname(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* start = bytes)
        {
            LinuxException.Check(SetHostnameCall(start, (nuint)bytes.Length), "sethostname", name);
        }
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int UnshareCall(int flags);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true)]
    private static partial int SetHostnameCall(byte* name, nuint length);
}
