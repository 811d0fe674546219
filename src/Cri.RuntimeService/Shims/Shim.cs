using Cri.Linux;
using Cri.Ttrpc;

namespace Cri.RuntimeService.Shims;

/// <summary>
/// A connected shim: the process that holds a pod's namespaces and containers, and outlives this server.
/// It is only declared dead through its pidfd.
/// </summary>
public sealed class Shim : IDisposable
{
    // It ends within a millisecond or two of its last answer, or is in trouble.
    private static readonly TimeSpan _shortestPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(20);

    private readonly TtrpcClient _client;
    private readonly Fd _process;
    private int _dead;

    /// <summary>Wraps a connection to the shim with this pid.</summary>
    public Shim(int pid, Fd process, TtrpcClient client)
    {
        Pid = pid;
        _process = process;
        _client = client;
        Tasks = new TaskClient(client);
        Sandbox = new SandboxClient(client);
        Pod = new PodShimClient(client);
    }

    /// <summary>The pid of the shim.</summary>
    public int Pid { get; }

    /// <summary>containerd's task API.</summary>
    public TaskClient Tasks { get; }

    /// <summary>containerd's sandbox API.</summary>
    public SandboxClient Sandbox { get; }

    /// <summary>Crisp's own additions.</summary>
    public PodShimClient Pod { get; }

    /// <summary>
    /// True once it was found not to know of pipes that a process holds itself: one started by an older server, which pods keep
    /// over an upgrade. It copies the streams then.
    /// </summary>
    public bool RefusesPipes { get; set; }

    /// <summary>Completes when the connection ends, for whatever reason.</summary>
    public Task Disconnected => _client.Closed;

    /// <summary>False once the connection is gone.</summary>
    public bool IsAlive => _client.IsOpen && Volatile.Read(ref _dead) == 0;

    /// <summary>Waits until the process has ended and reaps it if it is our child. False when the token ends first.</summary>
    public async Task<bool> WaitForExitAsync(CancellationToken cancellationToken)
    {
        for (var pause = _shortestPause; !HasExited(); pause = pause < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                await Task.Delay(pause, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Ends the process by SIGKILL.</summary>
    public void Kill() => PidFd.Signal(_process, Signals.SigKill);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The process first: whoever learns from a call of the connection's end must not find it there to be killed.
        Interlocked.Exchange(ref _dead, 1);
        _process.Dispose();
        _ = _client.DisposeAsync().AsTask();
    }

    private bool HasExited()
    {
        try
        {
            return PidFd.TryReap(_process) is not null;
        }
        catch (LinuxException notOurs) when (notOurs.Error == Errno.ECHILD)
        {
            // Started by an earlier server: init reaps it, or leaves that to whoever ends first.
            return PidFd.HasEnded(_process);
        }
    }
}
