using Cri.Testing;
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

    private static string Make() => BusyboxTree.Make(
        Path.Combine(AppContext.BaseDirectory, "busybox-root"),
        ["proc", "dev", "sys", "tmp", "etc"],
        "sh sleep cat echo dd true head hostname readlink stty tty kill seq printf ip ls");
}
