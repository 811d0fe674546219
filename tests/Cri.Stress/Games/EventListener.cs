using System.Collections.Concurrent;
using Cri.Api.V1;
using Grpc.Core;

namespace Cri.Stress.Games;

/// <summary>One subscription for the whole run, whose events go to the games that they are about.</summary>
public sealed class EventListener : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, PodGame> _games = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly AsyncServerStreamingCall<ContainerEventResponse> _call;
    private readonly Task _reading;
    private long _lastTime;
    private int _count;
    private bool _isDisposed;

    /// <summary>Subscribes.</summary>
    public EventListener(Caller caller)
    {
        _call = caller.Runtime.GetContainerEvents(new GetEventsRequest());
        _reading = ReadAsync();
    }

    /// <summary>How many events came.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What was wrong with the stream as a whole.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Hands on the events about a game from now.</summary>
    public void Listen(PodGame game) => _games[game.Name] = game;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        _call.Dispose();
        await _reading;
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
            {
                Take(_call.ResponseStream.Current);
            }

            throw new InvalidOperationException("it ended");
        }
        catch (Exception error) when (_isDisposed && error is RpcException or InvalidOperationException or OperationCanceledException)
        {
            // Ended by ourselves.
        }
        catch (Exception error)
        {
            _violations.Enqueue($"the event stream: {error.Message}");
        }
    }

    private void Take(ContainerEventResponse next)
    {
        _count++;
        if (next.CreatedAt <= _lastTime)
        {
            _violations.Enqueue($"an event of {next.ContainerId} has the time {next.CreatedAt}, after one of {_lastTime}");
        }

        _lastTime = next.CreatedAt;
        if (_games.TryGetValue(next.PodSandboxStatus?.Metadata.Name ?? "", out var game))
        {
            game.Events.Add(next);
        }
    }
}
