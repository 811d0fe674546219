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

    /// <summary>User and group ids; only a process of a single thread can make one for itself.</summary>
    User = 0x10000000,

    /// <summary>Network.</summary>
    Net = 0x40000000,
}

/// <summary>Makes namespaces and keeps them by bind mounts (namespaces(7)).</summary>
public static unsafe partial class Namespaces
{
    /// <summary>Gives the calling thread new namespaces; call it on an <see cref="OwnThread"/>.</summary>
    public static void Unshare(NamespaceKinds kinds) => LinuxException.Check(UnshareCall((int)kinds), "unshare", $"{kinds}");

    /// <summary>Moves the calling thread into namespaces of another process (setns(2)); call it on an <see cref="OwnThread"/>.</summary>
    /// <param name="names">"net", "ipc" or "uts".</param>
    /// <param name="path">The file of a namespace by its name.</param>
    public static void Join(IEnumerable<string> names, Func<string, string> path)
    {
        foreach (var name in names)
        {
            Enter(path(name), 0);
        }
    }

    /// <summary>Moves the calling thread into a namespace (setns(2)); call it on an <see cref="OwnThread"/>.</summary>
    /// <param name="path">A pin or a file of /proc/PID/ns. Throws ENOENT when it is gone, EINVAL when it is no such namespace.</param>
    /// <param name="kind">What it has to be; 0 for any.</param>
    public static void Enter(string path, NamespaceKinds kind)
    {
        using var fd = PathFd.OpenRead(path);
        LinuxException.Check(SetNs(fd.Number, (int)kind), "setns", path);
    }

    /// <summary>Does something in a network namespace and comes back; call it on an <see cref="OwnThread"/>.</summary>
    /// <param name="path">A pin or a file of /proc/PID/ns. Throws ENOENT when it is gone, EINVAL when it is no network namespace.</param>
    /// <param name="function">What to do there.</param>
    public static T WithinNet<T>(string path, Func<T> function)
    {
        using var home = PathFd.OpenRead("/proc/thread-self/ns/net");
        Enter(path, NamespaceKinds.Net);
        try
        {
            return function();
        }
        finally
        {
            LinuxException.Check(SetNs(home.Number, (int)NamespaceKinds.Net), "setns", "/proc/thread-self/ns/net");
        }
    }

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
    public static void Pin(string name, string path) => PinFile($"/proc/thread-self/ns/{name}", path);

    /// <summary>Keeps the namespace behind a file of /proc/PID/ns alive at a path, whose file it creates.</summary>
    public static void PinFile(string file, string path)
    {
        SmallFile.Write(path, []);
        Mount.Bind(file, path);
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

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNs(int fd, int kind);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true)]
    private static partial int SetHostnameCall(byte* name, nuint length);
}
