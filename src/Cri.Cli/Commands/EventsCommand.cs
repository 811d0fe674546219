using System.CommandLine;
using Cri.Api.V1;
using Grpc.Core;

namespace Cri.Cli.Commands;

/// <summary><c>crisp events</c>: what happens to pods and containers, as it happens, one line each, until Ctrl-C.</summary>
internal static class EventsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new Command("events", "Show what happens to pods and containers until Ctrl-C.");
        options.SetAction(command, (session, _) => RunAsync(session));
        return command;
    }

    private static async Task<int> RunAsync(Session session)
    {
        try
        {
            using var call = session.Runtime.GetContainerEvents(new GetEventsRequest(), session.Options);
            await foreach (var next in call.ResponseStream.ReadAllAsync(session.Interrupted))
            {
                session.Terminal.WriteLine(session.Json ? Google.Protobuf.JsonFormatter.Default.Format(next) : Line(next));
            }
        }
        catch (Exception) when (session.Interrupted.IsCancellationRequested)
        {
            // Ctrl-C is how people end it.
        }

        return 0;
    }

    private static string Line(ContainerEventResponse next)
    {
        var time = DateTimeOffset.UnixEpoch.AddTicks(next.CreatedAt / 100);
        var isPod = next.ContainerId == next.PodSandboxStatus?.Id;
        return $"{time:yyyy-MM-ddTHH:mm:ss.fffZ}  {Word(next.ContainerEventType),-7}  {(isPod ? "pod" : "container"),-9}  {Output.ShortId.Of(next.ContainerId)}  {Name(next, isPod)}";
    }

    private static string Name(ContainerEventResponse next, bool isPod)
    {
        var pod = next.PodSandboxStatus?.Metadata is { } metadata ? $"{metadata.Namespace}/{metadata.Name}" : "?";
        var container = next.ContainersStatuses.FirstOrDefault(status => status.Id == next.ContainerId);
        return isPod || container is null ? pod : $"{pod}/{container.Metadata?.Name}{Exit(next, container)}";
    }

    private static string Exit(ContainerEventResponse next, ContainerStatus container) =>
        next.ContainerEventType == ContainerEventType.ContainerStoppedEvent ? $"  exit code {container.ExitCode}, {container.Reason}" : "";

    private static string Word(ContainerEventType type) => type switch
    {
        ContainerEventType.ContainerCreatedEvent => "created",
        ContainerEventType.ContainerStartedEvent => "started",
        ContainerEventType.ContainerStoppedEvent => "stopped",
        ContainerEventType.ContainerDeletedEvent => "deleted",
        _ => $"{type}",
    };
}
