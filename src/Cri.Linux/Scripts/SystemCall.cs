using System.Runtime.InteropServices;

namespace Cri.Linux.Scripts;

/// <summary>A system call that a <see cref="SystemCallScript"/> may make, by its number on each architecture.</summary>
/// <param name="Name">What errors call it.</param>
/// <param name="X64">Its number on x86-64.</param>
/// <param name="Arm64">Its number on AArch64.</param>
/// <remarks>Reference: the kernel's system call tables.</remarks>
public sealed record SystemCall(string Name, int X64, int Arm64)
{
    /// <summary>write(2).</summary>
    public static readonly SystemCall Write = new("write", 1, 64);

    /// <summary>openat(2).</summary>
    public static readonly SystemCall OpenAt = new("openat", 257, 56);

    /// <summary>close_range(2).</summary>
    public static readonly SystemCall CloseRange = new("close_range", 436, 436);

    /// <summary>setns(2).</summary>
    public static readonly SystemCall SetNamespaces = new("setns", 308, 268);

    /// <summary>clone(2); its last two arguments are in another order on each architecture, and unused here.</summary>
    public static readonly SystemCall CloneProcess = new("clone", 56, 220);

    /// <summary>clone3(2), Linux 5.3.</summary>
    public static readonly SystemCall CloneInto = new("clone3", 435, 435);

    /// <summary>prctl(2).</summary>
    public static readonly SystemCall Control = new("prctl", 157, 167);

    /// <summary>keyctl(2).</summary>
    public static readonly SystemCall KeyControl = new("keyctl", 250, 219);

    /// <summary>setsid(2).</summary>
    public static readonly SystemCall SetSession = new("setsid", 112, 157);

    /// <summary>umask(2).</summary>
    public static readonly SystemCall SetMask = new("umask", 95, 166);

    /// <summary>chdir(2).</summary>
    public static readonly SystemCall ChangeDirectory = new("chdir", 80, 49);

    /// <summary>fchown(2).</summary>
    public static readonly SystemCall ChangeOwner = new("fchown", 93, 55);

    /// <summary>setgroups(2).</summary>
    public static readonly SystemCall SetGroups = new("setgroups", 116, 159);

    /// <summary>setresgid(2).</summary>
    public static readonly SystemCall SetGroup = new("setresgid", 119, 149);

    /// <summary>setresuid(2).</summary>
    public static readonly SystemCall SetUser = new("setresuid", 117, 147);

    /// <summary>capset(2).</summary>
    public static readonly SystemCall SetCapabilities = new("capset", 126, 91);

    /// <summary>seccomp(2).</summary>
    public static readonly SystemCall SetFilter = new("seccomp", 317, 277);

    /// <summary>execve(2).</summary>
    public static readonly SystemCall Execute = new("execve", 59, 221);

    /// <summary>Its number on an architecture.</summary>
    public int Number(Architecture architecture) => architecture == Architecture.Arm64 ? Arm64 : X64;
}
