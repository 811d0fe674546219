using System.Globalization;

namespace Cri.Linux;

/// <summary>Where a process stands among others (proc_pid_stat(5)).</summary>
/// <param name="Parent">The pid of its parent.</param>
/// <param name="Group">Its process group.</param>
/// <param name="Session">Its session.</param>
public readonly record struct ProcessLineage(int Parent, int Group, int Session)
{
    /// <summary>Reads it; null when there is no such process.</summary>
    public static ProcessLineage? Of(int pid)
    {
        try
        {
            // The name in parentheses may hold anything: 12 (a) b) S 1 12 12 ...
            var stat = SmallFile.ReadText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ', 5);
            return new ProcessLineage(Number(fields[1]), Number(fields[2]), Number(fields[3]));
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>
    /// Those among <paramref name="candidates"/> that a process has started, as far as anything still tells: its descendants, all
    /// in their sessions, and whoever has one of its <paramref name="streams"/> open; with the descendants of these. One that was
    /// adopted by another parent, has a session of its own and closed the streams is not among them.
    /// </summary>
    /// <param name="pid">The process; it need not be among the candidates.</param>
    /// <param name="candidates">The processes that come into question.</param>
    /// <param name="stranger">A process whose session does not count, whoever shares it; nor does our own.</param>
    /// <param name="streams">Pipes that only this process was given.</param>
    public static List<int> StartedBy(int pid, IReadOnlyList<int> candidates, int stranger, IReadOnlyList<PipeIdentity> streams)
    {
        // Loops, not queries: over numbers and records these would cost each shim a third of a megabyte of code.
        var (foreign, own) = (Of(stranger)?.Session, Of(Environment.ProcessId)?.Session);
        var parents = new List<int> { pid };
        var sessions = new List<int> { Of(pid)?.Session ?? pid };
        var left = new List<(int Pid, ProcessLineage Lineage)>();
        foreach (var candidate in candidates)
        {
            if (candidate != pid && candidate != stranger && Of(candidate) is { } lineage)
            {
                left.Add((candidate, lineage));
            }
        }

        for (var i = left.Count - 1; i >= 0; i--)
        {
            if (IsOpen(streams, left[i].Pid))
            {
                Take(i);
            }
        }

        // Each that is found may bring others in, so the search begins anew with it.
        for (var i = left.Count - 1; i >= 0; i--)
        {
            if (Belongs(left[i].Lineage))
            {
                Take(i);
                i = left.Count;
            }
        }

        parents.Remove(pid);
        return parents;

        bool Belongs(ProcessLineage lineage) => parents.Contains(lineage.Parent)
            || (lineage.Session != foreign && lineage.Session != own && sessions.Contains(lineage.Session));

        void Take(int index)
        {
            parents.Add(left[index].Pid);
            sessions.Add(left[index].Lineage.Session);
            left.RemoveAt(index);
        }
    }

    private static bool IsOpen(IReadOnlyList<PipeIdentity> streams, int pid)
    {
        foreach (var stream in streams)
        {
            if (stream.IsOpenIn(pid))
            {
                return true;
            }
        }

        return false;
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);
}
