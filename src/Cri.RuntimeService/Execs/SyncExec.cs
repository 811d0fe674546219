using System.Text.Json;
using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// ExecSync: runs a command in a container and gives its output and exit code. Output beyond 16 MiB a stream is read and
/// dropped; children that hold the output open after the command has ended are waited for at most the drain bound; at its
/// timeout everything the command started is killed.
/// </summary>
public sealed class SyncExec
{
    private const int OutputCap = 16 << 20;
    private static readonly TimeSpan _drainBound = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _cleanBound = TimeSpan.FromSeconds(30);

    /// <summary>Runs the command. Throws DEADLINE_EXCEEDED when it outlives <paramref name="timeout"/> (null for no limit).</summary>
    public static async Task<V1.ExecSyncResponse> RunAsync(
        Container container, IReadOnlyList<string> command, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        if (container.State != V1.ContainerState.ContainerRunning)
        {
            throw CriError.Precondition($"exec in container {container.Id}: it is in state {ContainerView.StateName(container.State)}");
        }

        var shim = container.Sandbox.RequireShim();
        var execId = "exec-" + ObjectId.New()[..16];
        using var stdout = new ExecPipe(Path.Combine(container.Files.Bundle, execId + "-stdout"), OutputCap);
        using var stderr = new ExecPipe(Path.Combine(container.Files.Bundle, execId + "-stderr"), OutputCap);
        try
        {
            await StartAsync(container, shim, execId, command, stdout.Path, stderr.Path, cancellationToken);
        }
        catch (TtrpcException error)
        {
            await DeleteAsync(container, shim, execId);
            throw new RpcException(new Status(TtrpcStatus.ToGrpc(error), $"exec in container {container.Id}: {error.Message}"));
        }

        return await CollectAsync(container, shim, execId, stdout, stderr, timeout, cancellationToken);
    }

    private static async Task StartAsync(
        Container container, Shim shim, string execId, IReadOnlyList<string> command, string stdout, string stderr, CancellationToken cancellationToken)
    {
        var spec = RecordFile.Read(container.Files.Config, RuntimeJson.Default.RuntimeSpec)?.Process
            ?? throw CriError.Precondition($"exec in container {container.Id}: its config.json is gone");
        var process = JsonSerializer.SerializeToUtf8Bytes(
            spec with { Args = command, Terminal = false }, RuntimeJson.Default.ProcessSpec);
        await shim.Tasks.ExecAsync(
            new ExecProcessRequest
            {
                Id = container.Id,
                ExecId = execId,
                Stdout = stdout,
                Stderr = stderr,
                Spec = TypeUrl.PackJson(TypeUrl.Process, process),
            },
            cancellationToken);
        await shim.Tasks.StartAsync(new StartRequest { Id = container.Id, ExecId = execId }, cancellationToken);
    }

    private static async Task<V1.ExecSyncResponse> CollectAsync(
        Container container, Shim shim, string execId, ExecPipe stdout, ExecPipe stderr, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var output = Task.WhenAll(stdout.ReadAsync(), stderr.ReadAsync());
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout ?? Timeout.InfiniteTimeSpan);
            var exit = await shim.Tasks.WaitAsync(new WaitRequest { Id = container.Id, ExecId = execId }, limit.Token);
            await Task.WhenAny(output, Task.Delay(_drainBound, cancellationToken));
            return new V1.ExecSyncResponse
            {
                ExitCode = (int)exit.ExitStatus,
                Stdout = UnsafeByteOperations.UnsafeWrap(stdout.Take()),
                Stderr = UnsafeByteOperations.UnsafeWrap(stderr.Take()),
            };
        }
        catch (OperationCanceledException)
        {
            await KillAsync(container, shim, execId);
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded,
                $"exec in container {container.Id}: {Words(timeout)}; the command and all it started were killed"));
        }
        finally
        {
            await DeleteAsync(container, shim, execId);
        }
    }

    private static string Words(TimeSpan? timeout) => timeout is { } limit
        ? $"timeout of {limit.TotalSeconds:0.###} s exceeded"
        : "the caller gave up";

    private static async Task KillAsync(Container container, Shim shim, string execId)
    {
        using var bound = new CancellationTokenSource(_cleanBound);
        try
        {
            await shim.Tasks.KillAsync(
                new KillRequest { Id = container.Id, ExecId = execId, Signal = Signals.SigKill, All = true }, bound.Token);
            await shim.Tasks.WaitAsync(new WaitRequest { Id = container.Id, ExecId = execId }, bound.Token);
        }
        catch (Exception gone) when (gone is TtrpcException or OperationCanceledException)
        {
            // It ended by itself just then, or the whole container did.
        }
    }

    private static async Task DeleteAsync(Container container, Shim shim, string execId)
    {
        using var bound = new CancellationTokenSource(_cleanBound);
        try
        {
            await shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id, ExecId = execId }, bound.Token);
        }
        catch (Exception gone) when (gone is TtrpcException or OperationCanceledException)
        {
            // The container ended and took its execs along.
        }
    }
}
