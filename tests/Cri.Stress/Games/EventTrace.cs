using Cri.Api.V1;
using Cri.Stress.Histories;
using Grpc.Core;

namespace Cri.Stress.Games;

/// <summary>
/// The events about one pod name as one subscriber gets them. Each object has its events in order and once: a pod is created, started,
/// stopped, deleted; a container is created, possibly started and stopped, deleted. No event shows an older state than one before.
/// </summary>
/// <param name="game">The game they are about.</param>
public sealed class EventTrace(PodGame game)
{
    private readonly Lock _turn = new();
    private readonly Dictionary<string, List<ContainerEventType>> _ofObject = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _states = new(StringComparer.Ordinal);
    private readonly List<string> _violations = [];

    /// <summary>What was wrong so far.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_turn)
            {
                return [.. _violations];
            }
        }
    }

    /// <summary>The ids with an event of this type.</summary>
    public IReadOnlySet<string> With(ContainerEventType type)
    {
        lock (_turn)
        {
            return _ofObject.Where(item => item.Value.Contains(type)).Select(item => item.Key).ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>Takes an event.</summary>
    public void Add(ContainerEventResponse next)
    {
        var pod = next.PodSandboxStatus;
        game.Saw(pod.Id, pod.Labels);
        foreach (var container in next.ContainersStatuses)
        {
            game.Saw(container.Id, pod.Id, container.Metadata.Name, container.Labels);
        }

        game.History.Add(new Call(Verb.Event, next.ContainerId, History.Next())
        {
            Argument = next.ContainerEventType.ToString(),
            Answer = new Answer(StatusCode.OK, ""),
            Returned = History.Next(),
        });
        lock (_turn)
        {
            CheckOrder(next);
            CheckStates(next);
            _violations.AddRange(next.ContainersStatuses.Select(game.Constants.Contradiction).OfType<string>());
        }
    }

    private void CheckOrder(ContainerEventResponse next)
    {
        if (!_ofObject.TryGetValue(next.ContainerId, out var before))
        {
            _ofObject[next.ContainerId] = before = [];
        }

        var isPod = next.ContainerId == next.PodSandboxStatus.Id;
        ContainerEventType? last = before.Count == 0 ? null : before[^1];
        var fits = (last, next.ContainerEventType) switch
        {
            (null, ContainerEventType.ContainerCreatedEvent) => true,
            (ContainerEventType.ContainerCreatedEvent, ContainerEventType.ContainerStartedEvent) => true,
            (ContainerEventType.ContainerStartedEvent, ContainerEventType.ContainerStoppedEvent) => true,
            (ContainerEventType.ContainerStoppedEvent, ContainerEventType.ContainerDeletedEvent) => true,
            (ContainerEventType.ContainerCreatedEvent, ContainerEventType.ContainerDeletedEvent) => !isPod,
            _ => false,
        };
        before.Add(next.ContainerEventType);
        if (!fits)
        {
            _violations.Add($"events of {next.ContainerId}: {string.Join(", ", before)}");
        }
    }

    private void CheckStates(ContainerEventResponse next)
    {
        var pod = next.PodSandboxStatus;
        NotOlder(pod.Id, (int)pod.State);
        foreach (var container in next.ContainersStatuses)
        {
            NotOlder(container.Id, (int)container.State);
        }

        var least = next.ContainerEventType switch
        {
            ContainerEventType.ContainerStartedEvent => (int)ContainerState.ContainerRunning,
            ContainerEventType.ContainerStoppedEvent => (int)ContainerState.ContainerExited,
            _ => 0,
        };
        if (next.ContainersStatuses.FirstOrDefault(container => container.Id == next.ContainerId) is { } own && (int)own.State < least)
        {
            _violations.Add($"{next.ContainerEventType} of {next.ContainerId} shows it as {own.State}");
        }

        if (next.ContainerId == pod.Id && next.ContainerEventType is ContainerEventType.ContainerStoppedEvent or ContainerEventType.ContainerDeletedEvent
            && (pod.State != PodSandboxState.SandboxNotready || next.ContainersStatuses.Any(container => container.State == ContainerState.ContainerRunning))
            && next.ContainerId == pod.Id)
        {
            _violations.Add($"{next.ContainerEventType} of pod {pod.Id} shows it as {pod.State}, or a container as running");
        }
    }

    private void NotOlder(string id, int state)
    {
        if (_states.TryGetValue(id, out var before) && state < before)
        {
            _violations.Add($"an event shows {id} in state {state} after one in state {before}");
        }

        _states[id] = state;
    }
}
