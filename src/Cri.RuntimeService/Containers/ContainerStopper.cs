using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// StopContainer: the stop signal, the grace period, then SIGKILL to everything in the container. Several stops may run at
/// once, so that a shorter grace period takes effect while a longer one is still waited for.
/// </summary>
public sealed class ContainerStopper
{
    private static readonly TimeSpan _killBound = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Stops the container; nothing happens when it does not run. Returns within the grace period plus 20 s: a process that
    /// SIGKILL does not end by then is DEADLINE_EXCEEDED with its pid.
    /// </summary>
    public async Task StopAsync(Container container, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (container.State != V1.ContainerState.ContainerRunning)
        {
            return;
        }

        if (grace > TimeSpan.Zero)
        {
            await SignalAsync(container, container.Record.StopSignal, all: false, cancellationToken);
            if (await EndsWithinAsync(container, grace, cancellationToken))
            {
                return;
            }
        }

        await SignalAsync(container, Signals.SigKill, all: true, cancellationToken);
        if (!await EndsWithinAsync(container, _killBound, cancellationToken))
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, Stuck(container)));
        }
    }

    private static async Task SignalAsync(Container container, int signal, bool all, CancellationToken cancellationToken)
    {
        try
        {
            if (container.Sandbox.Shim is { } shim)
            {
                await shim.Tasks.KillAsync(
                    new KillRequest { Id = container.Id, Signal = (uint)signal, All = all }, cancellationToken);
            }
        }
        catch (TtrpcException error) when (error.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.FailedPrecondition or TtrpcStatusCode.Unavailable)
        {
            // It ended by itself, or its shim did: the monitor reports which.
        }
    }

    private static async Task<bool> EndsWithinAsync(Container container, TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await container.Exited.WaitAsync(time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static string Stuck(Container container)
    {
        var pid = container.Record.Pid;
        var channel = "unknown";
        try
        {
            channel = File.ReadAllText($"/proc/{pid}/wchan");
        }
        catch (IOException)
        {
            // The process may be gone by now, or the kernel hides it.
        }

        return $"stop container {container.Id}: process {pid} did not end {_killBound.TotalSeconds:0} s after SIGKILL (wait channel: {channel})";
    }
}
