using System.Buffers.Binary;
using Cri.Linux;
using Cri.Linux.Scripts;
using Cri.Oci.Runtime;
using Cri.Ttrpc;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// How a process that is made without an OCI runtime comes into a container's cgroups and namespaces. Where version 2 is all there is it
/// is born into the cgroup (clone3(2), CLONE_INTO_CGROUP); moving one waits for all processors to have taken notice.
/// </summary>
/// <remarks>References: cgroups(7), namespaces(7), setns(2).</remarks>
internal sealed class ExecCgroups
{
    private const int FirstFree = ExecProgram.Init + 1;
    private const long CurrentDirectory = -100; // AT_FDCWD
    private const long ForWriting = 1 | 0x80000; // O_WRONLY | O_CLOEXEC
    private const long AsPlace = 0x200000 | 0x10000 | 0x80000; // O_PATH | O_DIRECTORY | O_CLOEXEC
    private const long EndSignal = 17; // SIGCHLD
    private const long CloneParent = 0x8000;
    private const long CloneIntoCgroup = 0x200000000;
    private const int CloneArgumentsSize = 88;
    private const int CgroupArgument = 80;

    private const long CgroupNamespace = 0x02000000;

    // Mount, UTS, IPC, PID and network: clone(2).
    private const long OtherNamespaces = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000;

    // The descriptor of the cgroup that the child is to be born into; 0 for none.
    private readonly int _birthplace;

    private ExecCgroups(int birthplace) => _birthplace = birthplace;

    /// <summary>Sets the OOM score, joins the cgroups that have to be joined, and opens the one that need not be.</summary>
    /// <param name="script">What does it.</param>
    /// <param name="process">The process to make.</param>
    /// <param name="init">The container's first process.</param>
    public static ExecCgroups Join(SystemCallScript script, ProcessSpec process, int init)
    {
        // What is opened from here on has a number that is known, as nothing is closed in between.
        script.Must(SystemCall.CloseRange, FirstFree, uint.MaxValue, 0);
        var next = FirstFree;
        if (process.OomScoreAdj is { } score)
        {
            Write("/proc/self/oom_score_adj", $"{score}");
        }

        var cgroups = ProcessCgroups.Of(init);
        if (cgroups.Directories is [var only] && only == cgroups.Unified)
        {
            script.Must(SystemCall.OpenAt, CurrentDirectory, script.Text(only), AsPlace);
            return new ExecCgroups(next);
        }

        foreach (var directory in cgroups.Directories)
        {
            Write($"{directory}/cgroup.procs", "0");
        }

        return new ExecCgroups(0);

        void Write(string path, string text)
        {
            script.Must(SystemCall.OpenAt, CurrentDirectory, script.Text(path), ForWriting);
            script.Must(SystemCall.Write, next++, script.Text(text), text.Length);
        }
    }

    /// <summary>Enters the namespaces and goes on in a child there, which is the caller's sibling: a child of the shim.</summary>
    /// <param name="script">What does it.</param>
    /// <param name="init">The descriptor of the container's first process.</param>
    public void ForkInto(SystemCallScript script, int init)
    {
        if (_birthplace == 0)
        {
            script.Must(SystemCall.SetNamespaces, init, OtherNamespaces | CgroupNamespace);
            script.Fork(CloneParent | EndSignal);
            return;
        }

        // In its cgroup namespace we, who are outside of its cgroup, could put nobody there (cgroup v2, Delegation Containment).
        script.Must(SystemCall.SetNamespaces, init, OtherNamespaces);
        Span<byte> arguments = stackalloc byte[CloneArgumentsSize];
        arguments.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(arguments, CloneParent | CloneIntoCgroup);
        BinaryPrimitives.WriteUInt64LittleEndian(arguments[CgroupArgument..], (ulong)_birthplace);
        script.Fork(SystemCall.CloneInto, script.Bytes(arguments), CloneArgumentsSize);
        script.Must(SystemCall.SetNamespaces, init, CgroupNamespace);
    }
}
