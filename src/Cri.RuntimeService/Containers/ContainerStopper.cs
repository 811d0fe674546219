using System.Diagnostics;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.RuntimeService.Lifecycle;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// StopContainer: the stop signal, the grace period, then SIGKILL to everything in the container. Several stops may run at
/// once, so that a shorter grace period takes effect while a longer one is still waited for. A shim that does not answer is
/// passed over: the processes are then killed from here.
/// </summary>
public sealed class ContainerStopper(CgroupLedger cgroups)
{
    private static readonly TimeSpan _killBound = TimeSpan.FromSeconds(20);

    // A shim answers within milliseconds, or not at all.
    private static readonly TimeSpan _answerBound = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Stops the container; nothing happens when it does not run. Returns within the grace period plus 20 s, whatever the container
    /// and its shim do: what SIGKILL does not end by then is DEADLINE_EXCEEDED with its pid, state, wait channel and path.
    /// </summary>
    public async Task StopAsync(Container container, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (container.State != V1.ContainerState.ContainerRunning)
        {
            return;
        }

        FaultPoint.Reach(FaultPoints.StopAsked);
        Spans.About(container.Sandbox.Id, container.Id);
        if (grace > TimeSpan.Zero)
        {
            var began = Stopwatch.GetTimestamp();
            using var span = Spans.Begin("grace", container.Record.Config.Metadata.Name);
            await SignalAsync(container, container.Record.StopSignal, all: false, grace, cancellationToken);
            FaultPoint.Reach(FaultPoints.StopSignalled);
            if (await EndsWithinAsync(container, grace - Stopwatch.GetElapsedTime(began), cancellationToken))
            {
                FaultPoint.Reach(FaultPoints.StopEnded);
                return;
            }
        }

        await KillAsync(container, cancellationToken);
    }

    private async Task KillAsync(Container container, CancellationToken cancellationToken)
    {
        using var span = Spans.Begin("kill", container.Record.Config.Metadata.Name);
        var began = Stopwatch.GetTimestamp();
        var answered = await SignalAsync(container, Signals.SigKill, all: true, _killBound, cancellationToken);
        FaultPoint.Reach(FaultPoints.StopKilled);
        if (!answered)
        {
            cgroups.Kill(container.Id);
        }

        if (!await EndsWithinAsync(container, _killBound - Stopwatch.GetElapsedTime(began), cancellationToken))
        {
            throw Stuck(container, answered);
        }
    }

    // False when the shim does not answer.
    private static async Task<bool> SignalAsync(Container container, int signal, bool all, TimeSpan bound, CancellationToken cancellationToken)
    {
        if (container.Sandbox.Shim is not { } shim)
        {
            return false;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(bound < _answerBound ? bound : _answerBound);
        try
        {
            await shim.Tasks.KillAsync(new KillRequest { Id = container.Id, Signal = (uint)signal, All = all }, patience.Token);
            return true;
        }
        catch (TtrpcException error) when (error.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.FailedPrecondition or TtrpcStatusCode.Unavailable)
        {
            // It ended by itself, or its shim did: the monitor reports which.
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> EndsWithinAsync(Container container, TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await container.Exited.WaitAsync(time > TimeSpan.Zero ? time : TimeSpan.Zero, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private RpcException Stuck(Container container, bool answered)
    {
        var processes = StuckProcess.Among(cgroups.Processes(container.Id).Append(container.Record.Pid).Where(pid => pid > 0));
        var shim = container.Sandbox.Record.ShimPid;
        var silent = $"its shim does not answer: {StuckProcess.Of(shim)?.ToString() ?? $"process {shim} is gone"}";
        var why = (answered, processes.Count) switch
        {
            (true, 0) => $"its processes have ended, but its shim (pid {shim}) has not reported it",
            (false, 0) => silent,
            (false, _) => $"{string.Join("; ", processes)}; {silent}",
            _ => string.Join("; ", processes),
        };
        var message = $"stop container {container.Id}: it did not end {_killBound.TotalSeconds:0} s after SIGKILL: {why}";
        container.Stuck = new StuckReport(message, processes);
        return new RpcException(new Status(StatusCode.DeadlineExceeded, message));
    }
}
