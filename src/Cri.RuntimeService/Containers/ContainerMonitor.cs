using System.Collections.Concurrent;
using Cri.Linux.Faults;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// Waits for the exit of each running container, records it, and has the shim release the task. If this server is not
/// there, the shim's exit file waits instead.
/// </summary>
public sealed class ContainerMonitor(OrphanedTasks orphans, ContainerEvents events, Journal journal)
{
    private readonly ConcurrentDictionary<string, Task> _watches = new(StringComparer.Ordinal);

    /// <summary>Starts to wait for the container's exit.</summary>
    public void Watch(Container container, Shim shim)
    {
        // It outlives the call that it begins in, and is no step of it.
        using var apart = ExecutionContext.SuppressFlow();
        _watches[container.Id] = Task.Run(() => WatchAsync(container, shim));
    }

    /// <summary>Completes when the container's task is released, or was never watched.</summary>
    public Task Released(Container container) => _watches.GetValueOrDefault(container.Id, Task.CompletedTask);

    /// <summary>Forgets a removed container.</summary>
    public void Forget(Container container) => _watches.TryRemove(container.Id, out _);

    private async Task WatchAsync(Container container, Shim shim)
    {
        try
        {
            var exit = await shim.Tasks.WaitAsync(new WaitRequest { Id = container.Id }, CancellationToken.None);
            FaultPoint.Reach(FaultPoints.ExitHeard);
            ContainerExit.Apply(container, (int)exit.ExitStatus, exit.ExitedAt.ToDateTimeOffset());
            FaultPoint.Reach(FaultPoints.ExitRecorded);
            events.Stopped(container);
            FaultPoint.Reach(FaultPoints.ExitTold);
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id }, bound.Token);
            FaultPoint.Reach(FaultPoints.ExitReleased);
        }
        catch (Exception error) when (error is TtrpcException or OperationCanceledException or IOException)
        {
            await AfterFailureAsync(container, shim, error);
        }
    }

    // Either the exit is known and only the release failed, or the shim is gone and took the container's supervision with it.
    private async Task AfterFailureAsync(Container container, Shim shim, Exception error)
    {
        if (container.Exited.IsCompleted)
        {
            journal.Warn($"container {container.Id}: releasing its task: {error.Message}");
        }
        else if (!shim.IsAlive)
        {
            await EndAsync(container, shim);
            ContainerExit.ApplyLost(container, $"the shim (pid {shim.Pid}) of its pod ended unexpectedly");
            journal.Warn($"container {container.Id}: the shim (pid {shim.Pid}) of pod sandbox {container.Sandbox.Id} ended unexpectedly");
            events.Stopped(container);
        }
        else
        {
            journal.Warn($"container {container.Id}: waiting for its exit: {error.Message}");
        }
    }

    // Its processes lived on without anyone to collect their output and exit: only once they are gone it has exited.
    private async Task EndAsync(Container container, Shim shim)
    {
        try
        {
            shim.Kill();
            await orphans.EndAsync(container.Sandbox, container.Id);
        }
        catch (Exception error) when (error is RpcException or IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            journal.Warn($"container {container.Id}: {error.Message}; its removal and the stop of its pod try again");
        }
    }
}
