using Cri.Linux;
using MountMessage = Cri.Ttrpc.Types.Mount;

namespace Cri.Shim.Tests;

/// <summary>A root file system of nothing but busybox, made once and shared by all tests.</summary>
internal static class BusyboxRoot
{
    private static readonly Lazy<string> _root = new(Make);

    /// <summary>Its directory.</summary>
    public static string Directory => _root.Value;

    /// <summary>The mount that makes it a container's root.</summary>
    public static MountMessage Mount => new() { Type = "bind", Source = Directory, Options = { "rbind", "ro" } };

    private static string Make()
    {
        var root = Path.Combine(AppContext.BaseDirectory, "busybox-root");
        foreach (var name in (string[])["bin", "proc", "dev", "sys", "tmp", "etc"])
        {
            System.IO.Directory.CreateDirectory(Path.Combine(root, name));
        }

        var busybox = Path.Combine(root, "bin", "busybox");
        if (!File.Exists(busybox))
        {
            var copy = $"{busybox}.{Guid.NewGuid():N}";
            File.Copy("/bin/busybox", copy);
            File.Move(copy, busybox, overwrite: true);
        }

        const string Applets = "sh sleep cat echo dd true head hostname readlink stty tty kill seq printf ip ls";
        foreach (var applet in Applets.Split(' '))
        {
            var link = Path.Combine(root, "bin", applet);
            if (!Path.Exists(link))
            {
                File.CreateSymbolicLink(link, "busybox");
            }
        }

        return root;
    }
}
