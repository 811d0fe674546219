using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Shim.Exit;
using Cri.Shim.Io;
using Cri.Ttrpc;
using Cri.Ttrpc.Types;

namespace Cri.Shim.Tasks;

/// <summary>A process of a container, its init or an exec: streams, pid, state, end.</summary>
internal abstract class ContainerProcess(TaskEnvironment environment, Stdio stdio)
{
    private readonly TaskCompletionSource<ProcessExit> _exited = new();
    private bool _isReaped;

    /// <summary>Where its streams go.</summary>
    public Stdio Stdio => stdio;

    /// <summary>Its pid; 0 until it was made.</summary>
    public int Pid { get; private set; }

    /// <summary>Where it stands. It counts as running until its output is written and its end recorded.</summary>
    public Status Status { get; protected set; } = Status.Created;

    /// <summary>Completes, never faults, when it has ended and everything about its end is written.</summary>
    public Task<ProcessExit> Exited => _exited.Task;

    /// <summary>How it ended; null before.</summary>
    public ProcessExit? Exit => _exited.Task.IsCompletedSuccessfully ? _exited.Task.Result : null;

    /// <summary>Its streams while it lives.</summary>
    protected ProcessIo? Io { get; set; }

    protected TaskEnvironment Environment => environment;

    /// <summary>True once it was sent SIGKILL from here.</summary>
    protected bool WasKilled { get; set; }

    /// <summary>What error messages call it.</summary>
    protected abstract string Title { get; }

    /// <summary>
    /// Sends a signal to it or, with <paramref name="group"/>, to its whole process group, which it shares with nobody else's.
    /// Throws NOT_FOUND once it has ended, FAILED_PRECONDITION before it was made.
    /// </summary>
    public void Kill(int signal, bool group = false)
    {
        if (Pid == 0 && !_isReaped)
        {
            throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, $"{Title} is not started");
        }

        // Its pid is ours until we have reaped it, so it cannot be another process's by now.
        if (_isReaped || !Signals.Send(group ? -Signals.GroupOf(Pid) : Pid, signal))
        {
            throw new TtrpcException(TtrpcStatusCode.NotFound, $"{Title}: process already finished");
        }

        WasKilled |= signal == Signals.SigKill;
    }

    /// <summary>Sets the size of its terminal.</summary>
    public void Resize(uint columns, uint rows)
    {
        if (_isReaped)
        {
            throw new TtrpcException(TtrpcStatusCode.NotFound, $"{Title}: process already finished");
        }

        if (Io is null || !Io.Resize((ushort)Math.Min(columns, ushort.MaxValue), (ushort)Math.Min(rows, ushort.MaxValue)))
        {
            throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, $"{Title} has no terminal");
        }
    }

    /// <summary>Lets its standard input end.</summary>
    public void CloseInput() => Io?.CloseInput();

    /// <summary>Opens its log files anew.</summary>
    public Task ReopenLogAsync() => _isReaped || Io is null ? Task.CompletedTask : Io.ReopenAsync();

    /// <summary>Takes charge of the process that the runtime has made.</summary>
    protected void Supervise(int pid)
    {
        Pid = pid;
        _ = SuperviseAsync(pid);
    }

    /// <summary>Runs as soon as the process was reaped, before anything is waited for.</summary>
    protected virtual void OnReaped()
    {
    }

    /// <summary>Runs between the end of the process and the end of its output.</summary>
    protected virtual Task BeforeDrainAsync() => Task.CompletedTask;

    /// <summary>Records the end before anyone is told.</summary>
    protected abstract ProcessExit Record(ProcessExit exit);

    private async Task SuperviseAsync(int pid)
    {
        var ended = await environment.Io.Children.WaitAsync(pid);
        _isReaped = true;
        var exit = new ProcessExit(pid, ended.Code, ended.Signal, DateTime.UtcNow, false);
        try
        {
            FaultPoint.Reach(ShimFaultPoints.ShimReaped);
            OnReaped();
            await BeforeDrainAsync();
            if (Io is not null)
            {
                await Io.CloseAsync();
            }

            exit = Record(exit);
        }
        catch (Exception e)
        {
            // Whatever goes wrong at the end, those who wait must hear of it.
            environment.Log($"end of {Title}: {e.Message}");
        }

        Status = Status.Stopped;
        _exited.SetResult(exit);
    }
}
