using Cri.Api.V1;

namespace Cri.Cli.Logs;

/// <summary>A container's log as people follow it: until the container has ended and all it wrote is printed.</summary>
internal static class ContainerLog
{
    private static readonly TimeSpan _pollInterval = TimeSpan.FromMilliseconds(50);

    // Asking the runtime costs more than looking at the file.
    private const int PollsPerStatus = 4;

    /// <summary>Prints what the log gets until the container has exited, and returns the container's last status.</summary>
    public static async Task<ContainerStatus> FollowAsync(Session session, string containerId, LogFile log, CancellationToken cancellationToken)
    {
        var printer = new LogPrinter(session.Terminal);
        for (var poll = 0; ; poll++)
        {
            var status = poll % PollsPerStatus == 0 ? await StatusAsync(session, containerId) : null;
            printer.Print(log.ReadAvailable());
            if (status is { State: ContainerState.ContainerExited or ContainerState.ContainerUnknown })
            {
                return status;
            }

            await Task.Delay(_pollInterval, cancellationToken);
        }
    }

    /// <summary>A container's status now.</summary>
    public static async Task<ContainerStatus> StatusAsync(Session session, string containerId)
    {
        var request = new ContainerStatusRequest { ContainerId = containerId };
        var call = session.Runtime.ContainerStatusAsync(request, session.Options);
        return (await CommandFailure.ExplainAsync($"status of container {containerId}", call)).Status;
    }
}
