using Cri.Ttrpc;
using Cri.Ttrpc.SandboxApi;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>Ends a sandbox's shim: it kills what still runs and unpins the namespaces, then exits.</summary>
public static class ShimShutdown
{
    private static readonly TimeSpan _exitBound = TimeSpan.FromSeconds(5);

    /// <summary>Asks the shim to stop and to exit; one that does not answer or exit is killed.</summary>
    public static async Task RunAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (sandbox.Shim is not { } shim)
        {
            return;
        }

        try
        {
            await shim.Sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = sandbox.Id }, cancellationToken);
            await shim.Sandbox.ShutdownSandboxAsync(new ShutdownSandboxRequest { SandboxId = sandbox.Id }, cancellationToken);
        }
        catch (TtrpcException)
        {
            // It died meanwhile, or will be killed below.
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_exitBound);
        if (!await shim.WaitForExitAsync(bound.Token))
        {
            shim.Kill();
            await shim.WaitForExitAsync(cancellationToken);
        }

        shim.Dispose();
        sandbox.Shim = null;
    }
}
