namespace Cri.Linux;

/// <summary>
/// Signals processes that were found by their numbers. Between the finding and the signal a process may end and its number become
/// another's, so each is held by a pidfd first and then looked for again.
/// </summary>
public static class HeldProcesses
{
    /// <summary>Signals those that are still there once they are held. Returns how many there were.</summary>
    /// <param name="pids">The processes as they were found.</param>
    /// <param name="findAgain">Finds them once more.</param>
    /// <param name="signal">The signal.</param>
    public static int Signal(IReadOnlyList<int> pids, Func<IReadOnlyList<int>> findAgain, int signal)
    {
        var held = new List<Fd?>(pids.Count);
        try
        {
            foreach (var pid in pids)
            {
                held.Add(TryOpen(pid));
            }

            var still = new List<int>(findAgain());
            still.Sort();
            var signalled = 0;
            for (var i = 0; i < held.Count; i++)
            {
                signalled += held[i] is { } process && still.BinarySearch(pids[i]) >= 0 && PidFd.Signal(process, signal) ? 1 : 0;
            }

            return signalled;
        }
        finally
        {
            held.ForEach(process => process?.Dispose());
        }
    }

    private static Fd? TryOpen(int pid)
    {
        try
        {
            return PidFd.Open(pid);
        }
        catch (LinuxException)
        {
            // It has ended.
            return null;
        }
    }
}
