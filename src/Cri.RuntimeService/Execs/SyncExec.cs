using Cri.Linux;
using Cri.Linux.Faults;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// ExecSync: runs a command in a container and gives its output and exit code. Output beyond 16 MiB a stream is read and
/// dropped. The command is over when its own process has ended: children that hold the output open are waited for at most the drain
/// bound, which the timeout does not count, and live on. At its timeout everything the command started is killed.
/// </summary>
public static class SyncExec
{
    private const int OutputCap = 16 << 20;
    private static readonly TimeSpan _drainBound = TimeSpan.FromSeconds(2);

    /// <summary>Runs the command. Throws DEADLINE_EXCEEDED when it outlives <paramref name="timeout"/> (null for no limit).</summary>
    public static async Task<V1.ExecSyncResponse> RunAsync(
        Container container, IReadOnlyList<string> command, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await RunInAsync(container, command, timeout, cancellationToken);
        }
        catch (Exception error) when (error is LinuxException or TtrpcException && container.HasEnded)
        {
            // What is missing then, a file, the task, the shim, is only missing because of that.
            throw CriError.Precondition($"exec in container {container.Id}: its process has just ended");
        }
        catch (TtrpcException error)
        {
            throw new RpcException(new Status(TtrpcStatus.ToGrpc(error), $"exec in container {container.Id}: {error.Message}"));
        }
    }

    private static async Task<V1.ExecSyncResponse> RunInAsync(
        Container container, IReadOnlyList<string> command, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var exec = new ExecTask(container);
        using var stdout = new ExecPipe(exec.FileFor("stdout"), OutputCap);
        using var stderr = new ExecPipe(exec.FileFor("stderr"), OutputCap);
        FaultPoint.Reach(FaultPoints.ExecPipesMade);
        var stdio = new ExecStdio("", stdout.Path, stderr.Path, Terminal: false);
        exec = await exec.StartOnPipesAsync(command, stdio, size: null, cancellationToken);

        var output = Task.WhenAll(stdout.ReadAsync(), stderr.ReadAsync());
        try
        {
            var exitCode = await EndAsync(container, exec, timeout, cancellationToken);
            await Task.WhenAny(output.WaitAsync(_drainBound, cancellationToken));
            await FinishAsync();
            return new V1.ExecSyncResponse
            {
                ExitCode = exitCode,
                Stdout = UnsafeByteOperations.UnsafeWrap(stdout.Content),
                Stderr = UnsafeByteOperations.UnsafeWrap(stderr.Content),
            };
        }
        finally
        {
            await FinishAsync();
            await exec.DeleteAsync();
            FaultPoint.Reach(FaultPoints.ExecDeleted);
        }

        Task FinishAsync()
        {
            stdout.End();
            stderr.End();
            return output;
        }
    }

    private static async Task<int> EndAsync(Container container, ExecTask exec, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout ?? Timeout.InfiniteTimeSpan);
            var exitCode = await exec.WaitAsync(limit.Token);
            FaultPoint.Reach(FaultPoints.ExecEnded);
            return exitCode;
        }
        catch (OperationCanceledException)
        {
            await exec.EndAsync(hangUp: false);
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded,
                $"exec in container {container.Id}: {Words(timeout)}; the command and all it started were killed"));
        }
    }

    private static string Words(TimeSpan? timeout) => timeout is { } limit
        ? $"timeout of {limit.TotalSeconds:0.###} s exceeded"
        : "the caller gave up";
}
