using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;
using RootfsMount = Cri.Ttrpc.Types.Mount;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// StartContainer: the shim mounts the root file system, has the OCI runtime create and start the process, and is then
/// watched for its exit. A start that fails leaves an exited container whose message has the runtime's own words.
/// </summary>
public sealed class ContainerStarter(
    OciRuntimes runtimes, StateLayout state, CgroupDriver cgroups, ContainerMonitor monitor)
{
    /// <summary>The reason of a container whose start failed.</summary>
    public const string StartError = "StartError";

    private const int StartErrorCode = 128;

    /// <summary>Starts the container. Throws FAILED_PRECONDITION when it is not in the created state.</summary>
    public async Task StartAsync(Container container, CancellationToken cancellationToken)
    {
        using var turn = await container.Gate.EnterAsync(cancellationToken);
        if (container.State != V1.ContainerState.ContainerCreated)
        {
            throw CriError.Precondition($"container {container.Id} is in state {ContainerView.StateName(container.State)}, not CONTAINER_CREATED");
        }

        var shim = container.Sandbox.RequireShim();
        var started = Clock.Now;
        int pid;
        try
        {
            var created = await shim.Tasks.CreateAsync(Create(container), cancellationToken);
            pid = (int)created.Pid;
            await shim.Tasks.StartAsync(new StartRequest { Id = container.Id }, cancellationToken);
        }
        catch (Exception error) when (error is TtrpcException or OperationCanceledException)
        {
            await FailAsync(container, shim, error);
            throw Explain(container, error);
        }

        container.Persist(record => record with { StartedAt = started, Pid = pid });
        monitor.Watch(container, shim);
    }

    private CreateTaskRequest Create(Container container)
    {
        var record = container.Record;
        var log = record.LogPath.Length > 0 ? "cri://" + record.LogPath : "";
        return new CreateTaskRequest
        {
            Id = record.Id,
            Bundle = container.Files.Bundle,
            Rootfs =
            {
                new RootfsMount { Type = record.Rootfs.Type, Source = record.Rootfs.Source, Options = { record.Rootfs.Options } },
            },
            Terminal = record.Config.Tty,
            Stdin = record.Config.Stdin ? container.Files.Stdin : "",
            Stdout = log,
            Stderr = record.Config.Tty ? "" : log,
            Options = RuntimeOptions.For(runtimes.Require(record.Runtime), state, cgroups),
        };
    }

    private static async Task FailAsync(Container container, Shim shim, Exception error)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await shim.Tasks.KillAsync(new KillRequest { Id = container.Id, Signal = 9, All = true }, bound.Token);
        }
        catch (TtrpcException)
        {
            // Nothing was created, or it ended by itself.
        }

        try
        {
            await shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id }, bound.Token);
        }
        catch (TtrpcException)
        {
            // As above.
        }

        container.Persist(record => record with
        {
            FinishedAt = Clock.Now,
            ExitCode = StartErrorCode,
            Reason = StartError,
            Message = error.Message,
        });
    }

    private static Exception Explain(Container container, Exception error) => error is TtrpcException runtime
        ? new RpcException(new Status(TtrpcStatus.ToGrpc(runtime), $"start container {container.Id}: {runtime.Message}"))
        : error;
}
