using System.Globalization;
using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Processes;

/// <summary>
/// Waits for the processes this one is parent of, each by its pidfd, and reaps the orphans that come to it as a subreaper.
/// </summary>
internal sealed class Children(EventLoop loop)
{
    // How an exit is reported whose status somebody else took.
    private static readonly ChildExit _lost = new(255, 0);
    private static readonly TimeSpan _sweepInterval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _exhaustedPause = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan _dyingTime = TimeSpan.FromSeconds(5);

    private readonly HashSet<int> _awaited = [];
    private int _claims;
    private bool _sweeping;

    /// <summary>
    /// While this is held no orphan is reaped: one of them may be a container's process whose pid is not known yet.
    /// </summary>
    public IDisposable Claim()
    {
        _claims++;
        return new ClaimOf(this);
    }

    /// <summary>Waits until a child ends, and reaps it.</summary>
    public async Task<ChildExit> WaitAsync(int pid)
    {
        _awaited.Add(pid);
        try
        {
            using var pidfd = await OpenAsync(pid);
            using var watch = loop.Watch(pidfd);
            await watch.ReadableAsync();
            return PidFd.TryReap(pidfd) ?? _lost;
        }
        catch (LinuxException e) when (e.Error is Errno.ESRCH or Errno.ECHILD)
        {
            return _lost;
        }
        finally
        {
            _awaited.Remove(pid);
            Sweep();
        }
    }

    /// <summary>
    /// Starts a program in a session of its own and waits for it, killing it with its process group at the end of
    /// <paramref name="limit"/>; null then.
    /// </summary>
    public async Task<ChildExit?> RunAsync(ChildProcessOptions options, TimeSpan limit)
    {
        var pid = ChildProcess.Start(options);
        var exit = WaitAsync(pid);
        using var expired = new CancellationTokenSource();
        if (await Task.WhenAny(exit, Task.Delay(limit, loop.Time, expired.Token)) == exit)
        {
            expired.Cancel();
            return await exit;
        }

        // It is not reaped yet, so its number still names its own group. One that the kernel does not let go yet (state D) is awaited
        // no longer; it is reaped when it ends.
        Signals.Send(-pid, Signals.SigKill);
        Signals.Send(pid, Signals.SigKill);
        await Task.WhenAny(exit, loop.Delay(_dyingTime));
        return null;
    }

    // A child is ours until it is reaped, so that when there is no descriptor left for it now, there will be one later.
    private async Task<Fd> OpenAsync(int pid)
    {
        while (true)
        {
            try
            {
                return PidFd.Open(pid);
            }
            catch (LinuxException e) when (e.IsExhausted)
            {
                await loop.Delay(_exhaustedPause);
            }
        }
    }

    // The kernel tells nobody when a child ends that has no pidfd of ours, so those are looked for whenever another one
    // ended, and from time to time while there are any.
    private void Sweep()
    {
        if (_claims > 0)
        {
            return;
        }

        Subreaper.ReapOrphans(_awaited.Contains);
        if (!_sweeping && HasStrangers())
        {
            _sweeping = true;
            _ = SweepLaterAsync();
        }
    }

    private async Task SweepLaterAsync()
    {
        await loop.Delay(_sweepInterval);
        _sweeping = false;
        Sweep();
    }

    private bool HasStrangers()
    {
        try
        {
            var children = SmallFile.ReadText($"/proc/self/task/{Environment.ProcessId}/children");
            return children.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Any(pid => !_awaited.Contains(int.Parse(pid, CultureInfo.InvariantCulture)));
        }
        catch (LinuxException)
        {
            // A kernel without CONFIG_PROC_CHILDREN; exits of others will do.
            return false;
        }
    }

    private sealed class ClaimOf(Children children) : IDisposable
    {
        public void Dispose()
        {
            children._claims--;
            children.Sweep();
        }
    }
}
