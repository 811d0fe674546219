using System.Globalization;

namespace Cri.Linux;

/// <summary>
/// A process that does not end although it was killed, for one of its threads is in uninterruptible sleep (state D, proc(5)): it waits
/// in the kernel for a disk, a network file system or a driver.
/// </summary>
/// <param name="Pid">The process.</param>
/// <param name="Thread">Its thread that waits; the pid itself for the first one.</param>
/// <param name="Name">Its name (comm).</param>
/// <param name="State">The thread's state: <c>D</c>, or what it is in instead.</param>
/// <param name="WaitChannel">The kernel function that it waits in; "" when the kernel does not tell.</param>
/// <param name="Path">The file its system call is about, or else its working directory; "" when neither can be told.</param>
/// <param name="Stack">The kernel's call chain, the innermost first; empty when the kernel does not tell.</param>
public sealed record StuckProcess(int Pid, int Thread, string Name, char State, string WaitChannel, string Path, IReadOnlyList<string> Stack)
{
    private const int MostFrames = 16;
    private const char Zombie = 'Z';
    private const char Dead = 'X';

    /// <inheritdoc/>
    public override string ToString() =>
        $"process {Pid} ({Name}) in state {State}{(WaitChannel.Length > 0 ? $", wait channel {WaitChannel}" : "")}{(Path.Length > 0 ? $", at {Path}" : "")}";

    /// <summary>
    /// What can be said of the processes; those that are gone are left out, and when some are in state D, so are all others. Nothing
    /// here waits for the memory of a process, which one that is stuck may keep locked.
    /// </summary>
    public static IReadOnlyList<StuckProcess> Among(IEnumerable<int> pids)
    {
        var all = pids.Distinct().Select(Of).OfType<StuckProcess>().ToList();
        var uninterruptible = all.Where(process => process.State == 'D').ToList();
        return uninterruptible.Count > 0 ? uninterruptible : all;
    }

    /// <summary>What can be said of the process; null when it has ended, reaped or not.</summary>
    public static StuckProcess? Of(int pid)
    {
        var threads = Threads(pid).Select(thread => (Id: thread, State: StateOf(pid, thread))).Where(thread => thread.State is not ('\0' or Zombie or Dead)).ToList();
        if (threads.Count == 0)
        {
            return null;
        }

        return OfThread(pid, threads.FirstOrDefault(thread => thread.State == 'D', threads[0]).Id);
    }

    /// <summary>What can be said of a thread of the process; null when it is gone.</summary>
    public static StuckProcess? OfThread(int pid, int thread)
    {
        var directory = $"/proc/{pid}/task/{thread}";
        return StateOf(pid, thread) is not '\0' and var state
            ? new StuckProcess(pid, thread, Read($"/proc/{pid}/comm").Trim(), state, WaitChannelOf(directory), PathOf(pid, directory), StackOf(directory))
            : null;
    }

    /// <summary>The state of a process's thread (proc_pid_stat(5)); NUL when it is gone.</summary>
    public static char StateOf(int pid, int thread)
    {
        // The name before it is in parentheses, and may have any in it.
        var stat = Read($"/proc/{pid}/task/{thread}/stat");
        var end = stat.LastIndexOf(')');
        return end > 0 && end + 2 < stat.Length ? stat[end + 2] : '\0';
    }

    private static IEnumerable<int> Threads(int pid)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{pid}/task").Select(path => int.Parse(System.IO.Path.GetFileName(path), CultureInfo.InvariantCulture)).Order().ToList();
        }
        catch (IOException)
        {
            return [];
        }
    }

    // "0" where it does not sleep, or where the kernel hides it.
    private static string WaitChannelOf(string directory) => Read(directory + "/wchan").Trim() is var channel && channel != "0" ? channel : "";

    // [<0>] percpu_rwsem_wait+0x116/0x140
    private static List<string> StackOf(string directory) =>
    [
        .. Read(directory + "/stack").Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(MostFrames)
            .Select(line => line[(line.IndexOf("] ", StringComparison.Ordinal) is var at && at >= 0 ? at + 2 : 0)..]),
    ];

    // Most calls that wait for a file have its descriptor as their first argument (proc_pid_syscall(5)): number, arguments in hex.
    private static string PathOf(int pid, string directory)
    {
        var call = Read(directory + "/syscall").Split(' ');
        var isNumber = call.Length > 1 && call[1].StartsWith("0x", StringComparison.Ordinal);
        if (isNumber && uint.TryParse(call[1].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var descriptor)
            && Link($"/proc/{pid}/fd/{descriptor}") is { } file && file.StartsWith('/'))
        {
            return file;
        }

        return Link($"/proc/{pid}/cwd") ?? "";
    }

    private static string? Link(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Read(string path)
    {
        try
        {
            return SmallFile.ReadText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
