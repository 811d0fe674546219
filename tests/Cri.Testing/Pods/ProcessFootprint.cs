using System.Globalization;

namespace Cri.Testing.Pods;

/// <summary>What a process holds: proc_pid_smaps_rollup(5), proc_pid_fd(5), proc_pid_task(5).</summary>
/// <param name="RssKiB">Memory in use, with what it shares.</param>
/// <param name="PssKiB">The same, what is shared divided by those who share it.</param>
/// <param name="PrivateDirtyKiB">Memory of its own that it has written.</param>
/// <param name="Descriptors">Open files.</param>
/// <param name="Threads">Threads.</param>
public sealed record ProcessFootprint(long RssKiB, long PssKiB, long PrivateDirtyKiB, int Descriptors, int Threads)
{
    /// <summary>Measures a process.</summary>
    public static ProcessFootprint Of(int pid)
    {
        var fields = File.ReadLines($"/proc/{pid}/smaps_rollup").Skip(1).Select(line => line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
        return new ProcessFootprint(
            fields["Rss"],
            fields["Pss"],
            fields["Private_Dirty"],
            Directory.GetFiles($"/proc/{pid}/fd").Length,
            Directory.GetDirectories($"/proc/{pid}/task").Length);
    }
}
