using Cri.Linux;
using Cri.Linux.Faults;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.SandboxApi;
using Grpc.Core;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>Ends a sandbox's shim: it kills what still runs and unpins the namespaces, then exits.</summary>
public static class ShimShutdown
{
    // More than the shim itself waits for what it kills.
    private static readonly TimeSpan _answerBound = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan _pingBound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _exitBound = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Asks the shim to stop and to exit; one that does not answer or exit is killed. Throws DEADLINE_EXCEEDED when even that does not end
    /// it; it may be repeated.
    /// </summary>
    /// <returns>False when it could not do its part: what it had mounted or pinned, or ran, is to be cleaned up by others.</returns>
    public static async Task<bool> RunAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (sandbox.Shim is not { } shim)
        {
            return false;
        }

        var isInOrder = await AskAsync(sandbox.Id, shim, cancellationToken);
        if (!await ExitsAsync(shim, cancellationToken))
        {
            isInOrder = false;
            shim.Kill();
            if (!await ExitsAsync(shim, cancellationToken))
            {
                throw new RpcException(new Status(
                    StatusCode.DeadlineExceeded,
                    $"pod sandbox {sandbox.Id}: its shim did not end {_exitBound.TotalSeconds:0} s after SIGKILL: {StuckProcess.Of(shim.Pid)?.ToString() ?? $"process {shim.Pid}"}"));
            }
        }

        shim.Dispose();
        sandbox.Shim = null;
        return isInOrder;
    }

    /// <summary>False when the sandbox's shim is there but does not answer.</summary>
    public static async Task<bool> AnswersAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_pingBound);
        try
        {
            await (sandbox.Shim?.Sandbox.PingSandboxAsync(new PingRequest { SandboxId = sandbox.Id }, bound.Token) ?? Task.FromResult(new PingResponse()));
            return true;
        }
        catch (TtrpcException)
        {
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> AskAsync(string id, Shim shim, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_answerBound);
        try
        {
            await shim.Sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = id }, bound.Token);
            FaultPoint.Reach(FaultPoints.StopPodShimAsked);
            await shim.Sandbox.ShutdownSandboxAsync(new ShutdownSandboxRequest { SandboxId = id }, bound.Token);
            return true;
        }
        catch (TtrpcException)
        {
            // It died meanwhile, or will be killed.
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> ExitsAsync(Shim shim, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_exitBound);
        var exited = await shim.WaitForExitAsync(bound.Token);
        cancellationToken.ThrowIfCancellationRequested();
        return exited;
    }
}
