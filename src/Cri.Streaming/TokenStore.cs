using System.Security.Cryptography;

namespace Cri.Streaming;

/// <summary>
/// The requests that wait for their clients, by token: 128 random bits, good for one use within a minute. At most 1,000 wait.
/// </summary>
internal sealed class TokenStore(TimeProvider clock)
{
    private const int TokenBytes = 16;
    private const int MostTokens = 1000;
    private static readonly TimeSpan _lifetime = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = [];

    private sealed record Entry(StreamRequest Request, long Since);

    /// <summary>Keeps a request; returns its token.</summary>
    /// <exception cref="TooManyStreamsException">1,000 others wait.</exception>
    internal string Add(StreamRequest request)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        lock (_gate)
        {
            if (_entries.Count >= MostTokens)
            {
                RemoveExpired();
            }

            if (_entries.Count >= MostTokens)
            {
                throw new TooManyStreamsException($"{MostTokens} streams wait for their clients; wait until some have come or a minute has passed");
            }

            _entries[token] = new Entry(request, clock.GetTimestamp());
        }

        return token;
    }

    /// <summary>Takes a token's request out; null when the token is not known, was used or is too old.</summary>
    internal StreamRequest? Take(string token)
    {
        lock (_gate)
        {
            return _entries.Remove(token, out var entry) && !IsExpired(entry) ? entry.Request : null;
        }
    }

    private bool IsExpired(Entry entry) => clock.GetElapsedTime(entry.Since) > _lifetime;

    private void RemoveExpired()
    {
        foreach (var (token, _) in _entries.Where(pair => IsExpired(pair.Value)).ToList())
        {
            _entries.Remove(token);
        }
    }
}
