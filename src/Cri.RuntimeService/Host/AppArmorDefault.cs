using System.Text;

namespace Cri.RuntimeService.Host;

/// <summary>
/// The text of the default AppArmor profile (apparmor.d(5)): files, network and capabilities are left to the other means of
/// confinement; mounting, and writing to what in /proc and /sys belongs to the host, is denied.
/// </summary>
public static class AppArmorDefault
{
    private const string PolicyDirectory = "/etc/apparmor.d/";

    private static readonly string[] _allowed =
    [
        "network,",
        "capability,",
        "file,",
        "umount,",
        "signal (receive) peer=unconfined,",
        "signal (receive) peer=runc,",
        "signal (receive) peer=crun,",
    ];

    // What is denied: write, or with the second word also to link, lock and execute, or with the third even to read.
    private const string Write = "w";
    private const string Change = "wklx";
    private const string Everything = "rwklx";

    private static readonly string[] _denied =
    [
        "mount",

        // In /proc a container writes below the directories of processes only, and to the limits of its shared memory.
        $"@{{PROC}}/* {Write}",
        $"@{{PROC}}/[^1-9s]*/** {Write}",
        $"@{{PROC}}/s[^y]*/** {Write}",
        $"@{{PROC}}/sy[^s]*/** {Write}",
        $"@{{PROC}}/sys[^/]*/** {Write}",
        .. Except("@{PROC}/sys/", "kernel", Write),
        .. Except("@{PROC}/sys/kernel/", "shm", Write),
        $"@{{PROC}}/sysrq-trigger {Everything}",
        $"@{{PROC}}/kcore {Everything}",

        // In /sys nothing but cgroups.
        .. Except("/sys/", "fs", Change),
        .. Except("/sys/fs/", "cgroup", Change),
        $"/sys/firmware/** {Everything}",
        $"/sys/devices/virtual/powercap/** {Everything}",
        $"/sys/kernel/security/** {Everything}",
    ];

    /// <summary>The profile's text.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="exists">Tells whether a file of the host's policy is there to be included.</param>
    public static string Text(string name, Predicate<string> exists)
    {
        var text = new StringBuilder();
        if (exists(PolicyDirectory + "abi/3.0"))
        {
            text.Append("abi <abi/3.0>,\n");
        }

        text.Append(exists(PolicyDirectory + "tunables/global") ? "#include <tunables/global>\n" : "@{PROC}=/proc/\n");
        text.Append("profile ").Append(name).Append(" flags=(attach_disconnected,mediate_deleted) {\n");
        if (exists(PolicyDirectory + "abstractions/base"))
        {
            text.Append("  #include <abstractions/base>\n");
        }

        foreach (var rule in _allowed)
        {
            text.Append("  ").Append(rule).Append('\n');
        }

        foreach (var rule in _denied)
        {
            text.Append("  deny ").Append(rule).Append(",\n");
        }

        // Among themselves the processes of confined containers may signal and trace, if all else allows it.
        text.Append("  signal (send,receive) peer=").Append(name).Append(",\n");
        text.Append("  ptrace (trace,tracedby,read,readby) peer=").Append(name).Append(",\n}\n");
        return text.ToString();
    }

    // A rule cannot name an exception, so there is one for every letter in which another name can differ.
    private static IEnumerable<string> Except(string directory, string name, string access) =>
        name.Select((letter, at) => $"{directory}{name[..at]}[^{letter}]** {access}");
}
