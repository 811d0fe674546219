using System.Collections.Concurrent;
using System.Text.Json;
using Cri.ImageService.Hosts;
using Cri.ImageService.Registry;
using Grpc.Core;

namespace Cri.ImageService.Auth;

/// <summary>Fetches bearer tokens from token servers and keeps them until shortly before they end.</summary>
internal sealed class TokenSource(HttpConnections connections)
{
    private const int DefaultLifeSeconds = 60;
    private const int CacheMax = 256;
    private static readonly TimeSpan _margin = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<TokenRequest, (string Token, DateTime Until)> _cache = new();

    /// <summary>A token for the request; <paramref name="rejected"/> is one that the registry has just refused.</summary>
    /// <exception cref="ImageException">The token server refused, answered nonsense, or cannot be reached.</exception>
    internal async Task<string> GetAsync(TokenRequest request, string? rejected, RegistryHost host, CancellationToken cancellation)
    {
        if (_cache.TryGetValue(request, out var cached) && cached.Until > DateTime.UtcNow && cached.Token != rejected)
        {
            return cached.Token;
        }

        var answer = await FetchAsync(request, host, cancellation);
        var token = answer.Token is { Length: > 0 } ? answer.Token : answer.AccessToken;
        if (string.IsNullOrEmpty(token))
        {
            throw new ImageException(StatusCode.Unauthenticated, $"{host.Name}: token server {request.Realm.Authority} answered without a token");
        }

        Keep(request, token, TimeSpan.FromSeconds(answer.ExpiresIn ?? DefaultLifeSeconds));
        return token;
    }

    private void Keep(TokenRequest request, string token, TimeSpan life)
    {
        if (_cache.Count >= CacheMax)
        {
            _cache.Clear();
        }

        _cache[request] = (token, DateTime.UtcNow + life - _margin);
    }

    private async Task<BearerToken> FetchAsync(TokenRequest request, RegistryHost host, CancellationToken cancellation)
    {
        var subject = $"{host.Name}: token server {request.Realm.Authority}";
        try
        {
            using var message = request.ToHttp();
            using var response = await connections.SendAsync(host.Connection, message, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw await RegistryError.FromAsync(subject, response, cancellation);
            }

            var body = await BoundedBody.ReadAsync(response, BoundedBody.TokenMax, cancellation);
            return JsonSerializer.Deserialize(body, BearerTokenJson.Default.BearerToken) ?? new BearerToken();
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
        {
            throw RegistryError.From(subject, error);
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{subject}: its answer is not a token: {error.Message}", error);
        }
    }
}
