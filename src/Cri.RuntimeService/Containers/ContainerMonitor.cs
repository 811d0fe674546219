using System.Collections.Concurrent;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// Waits for the exit of each running container, records it, and has the shim release the task. If this server is not
/// there, the shim's exit file waits instead.
/// </summary>
public sealed class ContainerMonitor(Journal journal)
{
    private readonly ConcurrentDictionary<string, Task> _watches = new(StringComparer.Ordinal);

    /// <summary>Called with each container that has exited, once its record says so.</summary>
    public event Action<Container>? Exited;

    /// <summary>Starts to wait for the container's exit.</summary>
    public void Watch(Container container, Shim shim) =>
        _watches[container.Id] = Task.Run(() => WatchAsync(container, shim));

    /// <summary>Completes when the container's task is released, or was never watched.</summary>
    public Task Released(Container container) => _watches.GetValueOrDefault(container.Id, Task.CompletedTask);

    /// <summary>Forgets a removed container.</summary>
    public void Forget(Container container) => _watches.TryRemove(container.Id, out _);

    private async Task WatchAsync(Container container, Shim shim)
    {
        try
        {
            var exit = await shim.Tasks.WaitAsync(new WaitRequest { Id = container.Id }, CancellationToken.None);
            ContainerExit.Apply(container, (int)exit.ExitStatus, exit.ExitedAt.ToDateTimeOffset());
            Exited?.Invoke(container);
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id }, bound.Token);
        }
        catch (Exception error) when (error is TtrpcException or OperationCanceledException or IOException)
        {
            AfterFailure(container, shim, error);
        }
    }

    // Either the exit is known and only the release failed, or the shim is gone and took the container's supervision with it.
    private void AfterFailure(Container container, Shim shim, Exception error)
    {
        if (container.Exited.IsCompleted)
        {
            journal.Warn($"container {container.Id}: releasing its task: {error.Message}");
        }
        else if (!shim.IsAlive)
        {
            ContainerExit.ApplyLost(container, $"the shim (pid {shim.Pid}) of its pod ended unexpectedly");
            journal.Warn($"container {container.Id}: the shim (pid {shim.Pid}) of pod sandbox {container.Sandbox.Id} ended unexpectedly");
            Exited?.Invoke(container);
        }
        else
        {
            journal.Warn($"container {container.Id}: waiting for its exit: {error.Message}");
        }
    }
}
