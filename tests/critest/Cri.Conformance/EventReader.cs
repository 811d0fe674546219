using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;

namespace Cri.Conformance;

/// <summary>Collects the events of one pod from a subscription of its own.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly AsyncServerStreamingCall<ContainerEventResponse> _call;
    private readonly List<ContainerEventResponse> _events = [];
    private readonly Task _reading;

    /// <summary>Subscribes.</summary>
    public EventReader(CriEndpoint endpoint)
    {
        _call = endpoint.Runtime.GetContainerEvents(new GetEventsRequest());
        _reading = ReadAsync();
    }

    /// <summary>Completes when the subscription ends, with its error.</summary>
    public Task Ended => _reading;

    /// <summary>The events of a pod so far, in order.</summary>
    public IReadOnlyList<ContainerEventResponse> Of(TestPod pod)
    {
        lock (_events)
        {
            return [.. _events.Where(next => next.PodSandboxStatus?.Id == pod.Id)];
        }
    }

    /// <summary>Waits until an event of a pod came.</summary>
    public async Task<ContainerEventResponse> UntilAsync(TestPod pod, string id, ContainerEventType type)
    {
        var events = await Eventually.GetAsync(
            () => Task.FromResult(Of(pod)),
            events => events.Any(next => next.ContainerId == id && next.ContainerEventType == type),
            $"{type} of {id} is told");
        return events.First(next => next.ContainerId == id && next.ContainerEventType == type);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _reading.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private async Task ReadAsync()
    {
        while (await _call.ResponseStream.MoveNext(CancellationToken.None))
        {
            lock (_events)
            {
                _events.Add(_call.ResponseStream.Current);
            }
        }
    }
}
