using System.Text;
using Cri.Linux;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// Processes whose parent died and that nobody supervises any more, known by the arguments they were started with: a shim that cannot
/// be reached, an OCI runtime or a plugin whose caller was killed.
/// </summary>
internal static class StrayProcesses
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Kills, with its process group, every process that was started with all these arguments, and waits until they are gone,
    /// bounded. Returns the pids.
    /// </summary>
    public static async Task<IReadOnlyList<int>> EndAsync(params string[] arguments)
    {
        var found = Others().Where(pid => Strings(pid, "cmdline") is var given && arguments.All(given.Contains)).ToList();
        return await EndAsync(found);
    }

    /// <summary>The same for programs of these directories that have a variable of this value in their environment.</summary>
    /// <param name="variable">The variable and its value: <c>NAME=value</c>.</param>
    /// <param name="directories">Where the programs lie; a script counts by its own path.</param>
    public static async Task<IReadOnlyList<int>> EndWithVariableAsync(string variable, IReadOnlyList<string> directories)
    {
        var found = Others().Where(pid => Strings(pid, "environ").Contains(variable)
            && Strings(pid, "cmdline").Any(argument => directories.Contains(Path.GetDirectoryName(argument)))).ToList();
        return await EndAsync(found);
    }

    private static async Task<IReadOnlyList<int>> EndAsync(List<int> pids)
    {
        foreach (var pid in pids)
        {
            // A group that it leads is its own; another's it may only share.
            Signals.Send(ProcessLineage.Of(pid)?.Group == pid ? -pid : pid, Signals.SigKill);
        }

        var until = Environment.TickCount64 + (long)_bound.TotalMilliseconds;
        while (pids.Any(IsThere) && Environment.TickCount64 < until)
        {
            await Task.Delay(_pause);
        }

        return pids;
    }

    private static bool IsThere(int pid) => StuckProcess.StateOf(pid, pid) is not ('\0' or 'Z' or 'X');

    private static IEnumerable<int> Others() => Directory.EnumerateDirectories("/proc")
        .Select(directory => int.TryParse(Path.GetFileName(directory), out var pid) ? pid : 0)
        .Where(pid => pid > 0 && pid != Environment.ProcessId);

    // The memory of a process in uninterruptible sleep may be locked, and reading it would take as long as that.
    private static string[] Strings(int pid, string file) =>
        StuckProcess.StateOf(pid, pid) == 'D' ? [] : Encoding.UTF8.GetString(Read($"/proc/{pid}/{file}")).Split('\0');

    private static byte[] Read(string path)
    {
        try
        {
            return SmallFile.Read(path);
        }
        catch (LinuxException)
        {
            // It has ended, or is a kernel's.
            return [];
        }
    }
}
