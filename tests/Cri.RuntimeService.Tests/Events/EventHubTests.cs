using Cri.RuntimeService.Events;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Events;

public sealed class EventHubTests
{
    private readonly EventHub _hub = new();

    [Fact]
    public async Task Publish_WithSeveralSubscribers_GivesAllTheSameInOrder()
    {
        using var first = _hub.Subscribe();
        using var second = _hub.Subscribe();

        Publish("a", "b", "c");

        Assert.Equal(["a", "b", "c"], await TakeAsync(first, 3));
        Assert.Equal(["a", "b", "c"], await TakeAsync(second, 3));
    }

    [Fact]
    public async Task Publish_InOneInstant_GivesStrictlyIncreasingTimes()
    {
        using var subscription = _hub.Subscribe();
        Publish([.. Enumerable.Range(0, 100).Select(number => $"{number}")]);

        var times = new List<long>();
        await foreach (var next in subscription.ReadAllAsync(CancellationToken.None))
        {
            times.Add(next.CreatedAt);
            if (times.Count == 100)
            {
                break;
            }
        }

        Assert.Equal(times.Distinct().Order(), times);
    }

    [Fact]
    public async Task Subscribe_AfterATimeWithoutSubscribers_GivesWhatHappenedToTheFirstOnly()
    {
        Publish("missed");

        using var first = _hub.Subscribe();
        using var second = _hub.Subscribe();
        Publish("now");

        Assert.Equal(["missed", "now"], await TakeAsync(first, 2));
        Assert.Equal(["now"], await TakeAsync(second, 1));
    }

    [Fact]
    public void Subscribe_BeyondTheMostReaders_IsRefusedUntilOneLeaves()
    {
        var readers = Enumerable.Range(0, EventHub.MaxSubscribers).Select(_ => _hub.Subscribe()).ToList();

        var error = Assert.Throws<RpcException>(() => _hub.Subscribe());
        readers[0].Dispose();
        using var next = _hub.Subscribe();

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains($"{EventHub.MaxSubscribers} clients", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subscribe_AfterMoreThanIsHeld_GivesTheNewestWithoutAGap()
    {
        Publish([.. Enumerable.Range(0, EventBacklog.MaxEvents + 10).Select(number => $"{number}")]);

        using var subscription = _hub.Subscribe();

        var expected = Enumerable.Range(10, EventBacklog.MaxEvents).Select(number => $"{number}");
        Assert.Equal(expected, await TakeAsync(subscription, EventBacklog.MaxEvents));
    }

    [Fact]
    public async Task Publish_ToAReaderThatDoesNotRead_EndsItWithResourceExhaustedAfterWhatWasHeld()
    {
        using var slow = _hub.Subscribe();
        using var other = _hub.Subscribe();
        Publish([.. Enumerable.Range(0, EventSubscription.MaxEvents).Select(number => $"{number}")]);
        Assert.Equal(["0", "1"], await TakeAsync(other, 2));

        Publish("last", "too many");

        Assert.Equal(1, _hub.Subscribers);
        var (read, error) = await DrainAsync(slow);
        Assert.Equal(Enumerable.Range(0, EventSubscription.MaxEvents).Select(number => $"{number}"), read);
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("too slow", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publish_OfLargeEventsToAReaderThatDoesNotRead_IsBoundedByBytes()
    {
        using var slow = _hub.Subscribe();
        var large = new string('x', 1 << 20);

        Publish([.. Enumerable.Range(0, 20).Select(_ => large)]);

        var (read, error) = await DrainAsync(slow);
        Assert.InRange(read.Count, 1, (int)(EventSubscription.MaxBytes >> 20));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
    }

    [Fact]
    public void Dispose_OfASubscription_LeavesNoSubscriber()
    {
        var subscription = _hub.Subscribe();

        subscription.Dispose();
        subscription.Dispose();

        Assert.Equal(0, _hub.Subscribers);
    }

    private void Publish(params string[] ids)
    {
        foreach (var id in ids)
        {
            _hub.Publish(time => new V1.ContainerEventResponse { ContainerId = id, CreatedAt = time });
        }
    }

    private static async Task<List<string>> TakeAsync(EventSubscription subscription, int count)
    {
        var ids = new List<string>();
        await foreach (var next in subscription.ReadAllAsync(CancellationToken.None))
        {
            ids.Add(next.ContainerId);
            if (ids.Count == count)
            {
                break;
            }
        }

        return ids;
    }

    private static async Task<(List<string> Ids, RpcException Error)> DrainAsync(EventSubscription subscription)
    {
        var ids = new List<string>();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var next in subscription.ReadAllAsync(CancellationToken.None))
            {
                ids.Add(next.ContainerId);
            }
        });
        return (ids, error);
    }
}
