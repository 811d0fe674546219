using Cri.Linux.Scripts;
using Cri.Oci.Runtime;
using Cri.Ttrpc;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// Makes a process in a container as an OCI runtime's exec does, without one: two programs of Go start for that, and take ten times
/// as long as what they do. It is a program of the system calls of this one exec, which the shim runs, in these steps:
/// <list type="number">
/// <item>the OOM score and the container's cgroups</item>
/// <item>its namespaces, and a child that is in its PID namespace; no descriptor of ours stays open but the one for reports</item>
/// <item>a session, the container's keyring, no new privileges, the working directory</item>
/// <item>the bounding set, the owner of the pipes, groups and user, the other capabilities, the filter of system calls</item>
/// <item>the command, looked for in PATH</item>
/// </list>
/// What it does not know, and whatever fails, is left to the OCI runtime, with its words for what is wrong.
/// </summary>
/// <remarks>References: OCI runtime-spec, config.md, Process; the order is that of runc's setns init.</remarks>
internal static class DirectExec
{
    private const long MarkCloseOnExec = 4; // CLOSE_RANGE_CLOEXEC
    private const long SetDumpable = 4; // PR_SET_DUMPABLE
    private const long SetNoNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS
    private const long JoinSessionKeyring = 1; // KEYCTL_JOIN_SESSION_KEYRING

    private static readonly bool _hasKeys = File.Exists("/proc/keys");

    /// <summary>The program; null when the OCI runtime is to do it.</summary>
    /// <param name="spec">The container's configuration.</param>
    /// <param name="process">The process to make.</param>
    /// <param name="id">The container's id.</param>
    /// <param name="init">The pid of its first process.</param>
    /// <param name="pipes">Which of its standard streams are pipes of its own.</param>
    public static byte[]? Program(RuntimeSpec spec, ProcessSpec process, string id, int init, IReadOnlyList<int> pipes)
    {
        if (!Knows(spec, process))
        {
            return null;
        }

        try
        {
            return Assemble(process, spec.Linux?.Seccomp, id, init, pipes);
        }
        catch (Exception error) when (error is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // The container is ending, the command cannot be one, the filter is none; the OCI runtime has words for it.
            return null;
        }
    }

    // A label is not taken over by a fork for sure, and a terminal and a user namespace need more than calls in a row.
    private static bool Knows(RuntimeSpec spec, ProcessSpec process) =>
        !process.Terminal
        && string.IsNullOrEmpty(process.SelinuxLabel) && string.IsNullOrEmpty(process.ApparmorProfile)
        && spec.Linux is { } linux && linux.Namespaces.All(space => space.Type is not ("user" or "time"))
        && process.Args is [{ Length: > 0 }, ..] && process.Cwd.StartsWith('/');

    private static byte[] Assemble(ProcessSpec process, SeccompSpec? filter, string id, int init, IReadOnlyList<int> pipes)
    {
        var script = new SystemCallScript();

        // 1. OOM score and cgroups.
        var cgroups = ExecCgroups.Join(script, process, init);

        // 2. Namespaces. Whoever runs in there must not look into us meanwhile.
        script.Must(SystemCall.Control, SetDumpable, 0);
        cgroups.ForkInto(script, ExecProgram.Init);
        script.Must(SystemCall.CloseRange, ExecProgram.ReportTo + 1, uint.MaxValue, 0);
        script.Must(SystemCall.CloseRange, ExecProgram.ReportTo, ExecProgram.ReportTo, MarkCloseOnExec);

        // 3. Session, keyring, directory.
        script.Must(SystemCall.SetSession);
        if (_hasKeys)
        {
            script.Must(SystemCall.KeyControl, JoinSessionKeyring, script.Text($"_ses.{id}"));
        }

        if (process.NoNewPrivileges)
        {
            script.Must(SystemCall.Control, SetNoNewPrivileges, 1);
        }

        script.Must(SystemCall.ChangeDirectory, script.Text(process.Cwd));

        // 4. Identity. Without "no new privileges" only the privileged can load a filter, else it is best loaded last.
        ExecIdentity.DropFromBounding(script, process);
        ExecIdentity.GiveStreams(script, process, pipes);
        ExecIdentity.TakeGroups(script, process);
        if (filter is not null && !process.NoNewPrivileges)
        {
            ExecFilter.Load(script, filter);
        }

        ExecIdentity.TakeUser(script, process);
        if (filter is not null && process.NoNewPrivileges)
        {
            ExecFilter.Load(script, filter);
        }

        // 5. The command.
        ExecCommand.Execute(script, process, init);
        return script.Assemble(ExecProgram.ReportTo);
    }
}
