using System.Collections.Concurrent;
using Cri.Testing.Pods;

namespace Cri.Stress.Games;

/// <summary>All seats, and what was found wrong in the games that have ended.</summary>
public sealed class Board : IAsyncDisposable
{
    private const int Seats = 8;
    private readonly CriEndpoint _endpoint;
    private readonly Caller _caller;
    private readonly EventListener _events;
    private readonly ImageTable _images;
    private readonly Seat[] _seats = [.. Enumerable.Range(0, Seats).Select(_ => new Seat())];
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly Random _random;
    private int _games;

    /// <summary>An empty board.</summary>
    public Board(CriEndpoint endpoint, int seed)
    {
        _endpoint = endpoint;
        _random = new Random(seed);
        _caller = new Caller(endpoint.SocketPath);
        _events = new EventListener(_caller);
        _images = new ImageTable(endpoint, _caller);
    }

    /// <summary>How many games were begun.</summary>
    public int Games => _games;

    /// <summary>How many events came.</summary>
    public int Events => _events.Count;

    /// <summary>What was wrong.</summary>
    public IReadOnlyCollection<string> Violations => [.. _violations, .. _events.Violations];

    /// <summary>Lets a player make moves until the time is over or something is wrong; whoever is last in a game ends it.</summary>
    public async Task PlayAsync(Player player, Random random, CancellationToken over)
    {
        while (!over.IsCancellationRequested && _violations.IsEmpty)
        {
            var seat = _seats[random.Next(Seats)];
            if (seat.TryEnter() is not { } game)
            {
                await Task.Delay(1, CancellationToken.None);
                continue;
            }

            try
            {
                await player.MoveAsync(game);
            }
            finally
            {
                if (seat.Leave(over.IsCancellationRequested))
                {
                    await EndAsync(game);
                    await BeginAsync(Array.IndexOf(_seats, seat), over);
                }
            }
        }
    }

    /// <summary>Begins a game on every seat.</summary>
    public async Task BeginAsync()
    {
        for (var seat = 0; seat < Seats; seat++)
        {
            await BeginAsync(seat, CancellationToken.None);
        }
    }

    /// <summary>Ends the games that nobody plays any more.</summary>
    public async Task EndAsync()
    {
        foreach (var seat in _seats)
        {
            if (seat.TryEnter() is { } game)
            {
                seat.Leave(isOver: true);
                await EndAsync(game);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _images.Dispose();
        _caller.Dispose();
    }

    private async Task BeginAsync(int seat, CancellationToken over)
    {
        if (over.IsCancellationRequested)
        {
            return;
        }

        var number = Interlocked.Increment(ref _games);
        int moves;
        bool hasNetwork;
        lock (_random)
        {
            (moves, hasNetwork) = (_random.Next(20, 80), _random.Next(5) == 0);
        }

        var game = new PodGame(_endpoint, $"game-{number}", _endpoint.CgroupParent.OfPod($"seat{seat}"), hasNetwork, await _images.AcquireAsync());
        _events.Listen(game);
        _seats[seat].Begin(game, moves);
    }

    private async Task EndAsync(PodGame game)
    {
        var end = new PodGameEnd(_caller, game, _endpoint.Busybox);
        await end.ClearAsync();
        foreach (var violation in await end.CheckAsync())
        {
            _violations.Enqueue($"pod {game.Name}: {violation}\n{string.Join('\n', game.History.Calls)}");
        }

        if (await _images.ReleaseAsync(game.Image) is { } wrong)
        {
            _violations.Enqueue(wrong);
        }
    }
}
