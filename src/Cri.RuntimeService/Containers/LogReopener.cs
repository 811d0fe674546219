using Cri.Linux.Faults;
using Cri.RuntimeService.Lifecycle;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;

namespace Cri.RuntimeService.Containers;

/// <summary>ReopenContainerLog: after the kubelet has renamed a log file, its shim opens a new one.</summary>
public static class LogReopener
{
    /// <summary>Reopens the log. Throws FAILED_PRECONDITION unless the container runs.</summary>
    public static async Task ReopenAsync(Container container, CancellationToken cancellationToken)
    {
        if (container.State != V1.ContainerState.ContainerRunning)
        {
            throw CriError.Precondition($"reopen log of container {container.Id}: it is in state {ContainerView.StateName(container.State)}");
        }

        FaultPoint.Reach(FaultPoints.ReopenAsked);
        try
        {
            await container.Sandbox.RequireShim().Pod.ReopenLogAsync(
                new ReopenLogRequest { ContainerId = container.Id }, cancellationToken);
        }
        catch (TtrpcException) when (container.HasEnded)
        {
            throw CriError.Precondition($"reopen log of container {container.Id}: its process has just ended");
        }
        FaultPoint.Reach(FaultPoints.ReopenDone);
    }
}
