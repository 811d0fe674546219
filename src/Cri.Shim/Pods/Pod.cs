using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Shim.Loop;
using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;

namespace Cri.Shim.Pods;

/// <summary>The sandbox of this shim: its namespaces, and whether it is up.</summary>
internal sealed class Pod(EventLoop loop, ContainerTable containers, string id)
{
    private static readonly TimeSpan _killLimit = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<DateTime> _stopped = new();
    private PodNamespaces? _namespaces;

    /// <summary>The id the shim was started for.</summary>
    public string Id => id;

    /// <summary>When it was created, UTC; null before.</summary>
    public DateTime? CreatedAt { get; private set; }

    /// <summary>Completes with the time, UTC, when it is stopped.</summary>
    public Task<DateTime> Stopped => _stopped.Task;

    /// <summary>True between creation and stop.</summary>
    public bool IsReady => CreatedAt is not null && !_stopped.Task.IsCompleted;

    /// <summary>Throws NOT_FOUND for another sandbox than this.</summary>
    public void Check(string sandboxId)
    {
        if (sandboxId != id)
        {
            throw new TtrpcException(TtrpcStatusCode.NotFound, $"sandbox {sandboxId} is not in this shim, which holds {id}");
        }
    }

    /// <summary>Makes the namespaces.</summary>
    public async Task CreateAsync(string directory, SandboxOptions options)
    {
        if (_namespaces is not null)
        {
            throw new TtrpcException(TtrpcStatusCode.AlreadyExists, $"sandbox {id} exists");
        }

        var namespaces = _namespaces = new PodNamespaces(directory);
        try
        {
            await namespaces.CreateAsync(options);
            CreatedAt = DateTime.UtcNow;
            FaultPoint.Reach(ShimFaultPoints.ShimNamespacesMade);
        }
        catch
        {
            _namespaces = null;
            throw;
        }
    }

    /// <summary>Kills what still runs and gives the namespaces up. Doing it again does no harm.</summary>
    public async Task StopAsync()
    {
        await Task.WhenAny(containers.SettledAsync(), loop.Delay(_killLimit));
        var ends = containers.All.Select(KillAsync).ToList();
        await Task.WhenAll(ends);
        if (_namespaces is not null)
        {
            await _namespaces.RemoveAsync();
        }

        _stopped.TrySetResult(DateTime.UtcNow);
        FaultPoint.Reach(ShimFaultPoints.ShimPodStopped);
    }

    private async Task KillAsync(Container container)
    {
        try
        {
            await container.KillAsync(Signals.SigKill, all: false);
        }
        catch (TtrpcException e) when (e.Code == TtrpcStatusCode.NotFound)
        {
            // Ended already; its exit may still be on its way.
        }

        try
        {
            await container.Init.Exited.WaitAsync(_killLimit, loop.Time);
        }
        catch (TimeoutException e)
        {
            throw new TtrpcException(
                TtrpcStatusCode.DeadlineExceeded, $"container {container.Id}, pid {container.Init.Pid}, did not end after SIGKILL", e);
        }
    }
}
