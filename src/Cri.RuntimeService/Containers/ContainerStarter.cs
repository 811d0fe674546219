using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Selinux;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;
using RootfsMount = Cri.Ttrpc.Types.Mount;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// StartContainer: the shim mounts the root file system, has the OCI runtime run the process, and is then
/// watched for its exit. A start that fails leaves an exited container whose message has the runtime's own words. One that has
/// begun goes on when its caller gives up: half a start would leave a process that nobody knows of.
/// </summary>
public sealed class ContainerStarter(
    OciRuntimes runtimes,
    StateLayout state,
    CgroupDriver cgroups,
    CgroupLedger ledger,
    ContainerMonitor monitor,
    OrphanedTasks orphans,
    ContainerEvents events,
    Journal journal)
{
    /// <summary>The reason of a container whose start failed.</summary>
    public const string StartError = "StartError";

    private const int StartErrorCode = 128;
    private static readonly TimeSpan _failBound = TimeSpan.FromSeconds(30);

    // The shim bounds each of the runtime's commands; only one that hangs itself takes longer.
    private static readonly TimeSpan _bound = TimeSpan.FromMinutes(5);

    /// <summary>Starts the container. Throws FAILED_PRECONDITION when it is not in the created state, or its pod is being stopped.</summary>
    public async Task StartAsync(Container container, CancellationToken cancellationToken)
    {
        var turn = await container.EnterAsync("StartContainer", cancellationToken);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        container.Announce(ended.Task);
        await CompleteAsync(container, turn, ended).WaitAsync(cancellationToken);
    }

    private async Task CompleteAsync(Container container, IDisposable turn, TaskCompletionSource ended)
    {
        using var bound = new CancellationTokenSource(_bound);
        try
        {
            await StartCreatedAsync(container, bound.Token);
        }
        finally
        {
            turn.Dispose();
            ended.SetResult();
        }
    }

    private async Task StartCreatedAsync(Container container, CancellationToken cancellationToken)
    {
        if (container.State != V1.ContainerState.ContainerCreated)
        {
            throw CriError.Precondition($"container {container.Id} is in state {ContainerView.StateName(container.State)}, not CONTAINER_CREATED");
        }

        // In this order: a stop that ended between the two has left no shim, and one that begins later waits for this start.
        if (container.Sandbox.IsStopping)
        {
            throw CriError.Precondition($"container {container.Id}: its pod sandbox {container.Sandbox.Id} is being stopped");
        }

        var shim = container.Sandbox.RequireShim();
        await StartAsync(container, shim, cancellationToken);
    }

    private async Task StartAsync(Container container, Shim shim, CancellationToken cancellationToken)
    {
        Spans.About(container.Sandbox.Id, container.Id);
        var started = Clock.NotBefore(container.Record.CreatedAt);
        try
        {
            ledger.Enter(container.Id, container.Sandbox.Record.Config.Linux?.CgroupParent ?? "");
            var creating = Spans.Begin("runtime run", container.Record.Runtime);
            var creation = shim.Tasks.CreateAsync(Create(container), cancellationToken);
            FaultPoint.Reach(FaultPoints.StartContainerAsked);
            await creation;
            creating?.Stop();
            FaultPoint.Reach(FaultPoints.StartContainerTaskCreated);
            using var starting = Spans.Begin("start");
            var pid = (int)(await shim.Tasks.StartAsync(new StartRequest { Id = container.Id }, cancellationToken)).Pid;
            FaultPoint.Reach(FaultPoints.StartContainerTaskStarted);
            container.Persist(record => record with { StartedAt = started, Pid = pid });
            FaultPoint.Reach(FaultPoints.StartContainerRecorded);
        }
        catch (Exception error) when (error is TtrpcException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            await FailAsync(container, shim, error);
            throw Explain(container, shim, error);
        }

        events.Started(container);
        monitor.Watch(container, shim);
        FaultPoint.Reach(FaultPoints.StartContainerWatched);
        RemoveCheckpoint(container);
    }

    // It runs now, and the memory it had need not lie on a disk any longer.
    private void RemoveCheckpoint(Container container)
    {
        if (container.Record.Checkpoint is { } images && Path.GetDirectoryName(images) is { } unpacked && Directory.Exists(unpacked))
        {
            try
            {
                Directory.Delete(unpacked, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                journal.Warn($"container {container.Id}: {unpacked} is not removed: {error.Message}");
            }
        }
    }

    private CreateTaskRequest Create(Container container)
    {
        var record = container.Record;
        var labels = new SelinuxLabels(null, record.MountLabel);

        // Without a log it still has output, which clients may attach to.
        var log = "cri://" + (record.LogPath.Length > 0 ? RealLogPath(container) : "/dev/null");
        return new CreateTaskRequest
        {
            Id = record.Id,
            Bundle = container.Files.Bundle,
            Rootfs =
            {
                new RootfsMount { Type = record.Rootfs.Type, Source = record.Rootfs.Source, Options = { record.Rootfs.Options, labels.MountOptions } },
            },
            Terminal = record.Config.Tty,
            Stdin = record.Config.Stdin ? container.Files.Stdin : "",
            Stdout = log,
            Stderr = record.Config.Tty ? "" : log,
            Options = RuntimeOptions.For(runtimes.Require(record.Runtime), state, cgroups, IoOwner(container)),
            Checkpoint = record.Checkpoint ?? "",
            CrispStart = runtimes.Require(record.Runtime).Probe.IsRunc,
        };
    }

    // The pod's log directory is the kubelet's and may be reached over a link of the administrator's; below it the shim follows none.
    private static string RealLogPath(Container container)
    {
        var (path, directory) = (container.Record.LogPath, Path.GetFullPath(container.Sandbox.Record.Config.LogDirectory));
        return Directory.Exists(directory) ? RealPath.Of(directory) + path[directory.TrimEnd('/').Length..] : path;
    }

    // Only a user namespace keeps a process from opening streams again that belong to the host's root.
    private static (uint User, uint Group) IoOwner(Container container) => PodUserNamespace.Of(container.Sandbox.Record.Config) is { } ids
        ? (ids.Users.ToHost(container.Record.Uid) ?? 0, ids.Groups.ToHost(container.Record.Gid) ?? 0)
        : default;

    private async Task FailAsync(Container container, Shim shim, Exception error)
    {
        using var bound = new CancellationTokenSource(_failBound);
        await TryAsync(container, () => shim.Tasks.KillAsync(new KillRequest { Id = container.Id, Signal = Signals.SigKill, All = true }, bound.Token));
        await TryAsync(container, () => shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id }, bound.Token));
        await TryAsync(container, () => orphans.EndLeftAsync(container.Sandbox, container.Id));
        await TryAsync(container, () =>
        {
            container.Persist(record => record with
            {
                FinishedAt = Clock.NotBefore(record.CreatedAt),
                ExitCode = StartErrorCode,
                Reason = StartError,
                Message = shim.IsAlive ? error.Message : Lost(shim),
                Pid = 0,
            });
            return Task.CompletedTask;
        });
        events.Stopped(container);
    }

    // The failure that led here is the one to report; what cannot be undone now is tried again by the removal.
    private async Task TryAsync(Container container, Func<Task> undo)
    {
        try
        {
            await undo();
        }
        catch (TtrpcException gone) when (gone.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.Unavailable)
        {
            // Nothing was created, or it ended by itself.
        }
        catch (Exception error) when (error is TtrpcException or RpcException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            journal.Warn($"container {container.Id}: undoing its start: {error.Message}");
        }
    }

    private static string Lost(Shim shim) => $"the shim (pid {shim.Pid}) of its pod ended unexpectedly";

    private static Exception Explain(Container container, Shim shim, Exception error) => error switch
    {
        TtrpcException when !shim.IsAlive => new RpcException(new Status(
            StatusCode.Unavailable, $"start container {container.Id}: {Lost(shim)}")),
        TtrpcException runtime => new RpcException(new Status(TtrpcStatus.ToGrpc(runtime), $"start container {container.Id}: {runtime.Message}")),
        _ => error,
    };
}
