using Cri.Stress.Histories;
using Cri.Stress.Models;
using Cri.Testing.Pods;

namespace Cri.Stress.Games;

/// <summary>The images of the pod games: one serves several, and is checked when the last of them has ended.</summary>
/// <param name="endpoint">Where they are pulled.</param>
/// <param name="caller">Who ends their games.</param>
public sealed class ImageTable(CriEndpoint endpoint, Caller caller) : IDisposable
{
    private const int GamesEach = 12;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<ImageGame, int> _users = [];
    private ImageGame? _current;
    private int _given;
    private int _number;

    /// <summary>An image for a new pod game.</summary>
    public async Task<ImageGame> AcquireAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (_current is null || _given == GamesEach)
            {
                _current = await ImageGame.CreateAsync(endpoint, $"stress-{_number++}");
                _given = 0;
            }

            _given++;
            _users[_current] = _users.GetValueOrDefault(_current) + 1;
            return _current;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A pod game has ended. The violations of the image's history, if that was its last.</summary>
    public async Task<string?> ReleaseAsync(ImageGame game)
    {
        await _turn.WaitAsync();
        try
        {
            if (--_users[game] > 0)
            {
                return null;
            }

            // The next pod game gets another image, since this one's history ends here.
            _users.Remove(game);
            _current = _current == game ? null : _current;
        }
        finally
        {
            _turn.Release();
        }

        return await EndAsync(game);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task<string?> EndAsync(ImageGame game)
    {
        var calls = new ImageCalls(caller, game);
        await Eventually.GetAsync(
            async () =>
            {
                await calls.RemoveAsync(null);
                return await calls.StatusAsync();
            },
            answer => answer is { IsOk: true, Text: "" },
            $"{game.Reference} is removed");
        var history = game.History.Calls;
        return new LinearizabilityCheck(new ImageModel(game.Id)).Run(history) is { } violation
            ? $"image {game.Reference}: {violation}\n{string.Join('\n', history)}"
            : null;
    }
}
