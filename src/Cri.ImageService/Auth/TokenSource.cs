using System.Collections.Concurrent;
using System.Text.Json;
using Cri.ImageService.Hosts;
using Cri.ImageService.Pull;
using Cri.ImageService.Registry;
using Grpc.Core;

namespace Cri.ImageService.Auth;

/// <summary>
/// Fetches bearer tokens from token servers and keeps them until shortly before they end. Requests for the same token at the
/// same time share one exchange.
/// </summary>
internal sealed class TokenSource(HttpConnections connections, ImageServiceOptions options)
{
    private const int DefaultLifeSeconds = 60;
    private const int CacheMax = 256;
    private static readonly TimeSpan _margin = TimeSpan.FromSeconds(5);

    // Until: in milliseconds of Environment.TickCount64, which no clock that is set moves.
    private readonly ConcurrentDictionary<TokenRequest, (string Token, long Until)> _cache = new();
    private readonly SharedOperations<TokenRequest, string> _fetches = new();

    /// <summary>A token for the request, other than those in <paramref name="rejected"/>, which the registry has refused.</summary>
    /// <exception cref="ImageException">The token server refused, answered nonsense, or cannot be reached.</exception>
    internal async Task<string> GetAsync(
        TokenRequest request, IReadOnlyList<string?> rejected, RegistryHost host, CancellationToken cancellation)
    {
        if (_cache.TryGetValue(request, out var cached) && cached.Until > Environment.TickCount64 && !rejected.Contains(cached.Token))
        {
            return cached.Token;
        }

        return await _fetches.JoinAsync(request, token => RenewAsync(request, host, token), cancellation);
    }

    private async Task<string> RenewAsync(TokenRequest request, RegistryHost host, CancellationToken cancellation)
    {
        var answer = await FetchAsync(request, host, cancellation);
        var token = answer.Token is { Length: > 0 } ? answer.Token : answer.AccessToken;
        if (string.IsNullOrEmpty(token) || token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ImageException(StatusCode.Unauthenticated, $"{host.Name}: token server {request.Realm.Authority} answered without a usable token");
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

        _cache[request] = (token, Environment.TickCount64 + (long)(life - _margin).TotalMilliseconds);
    }

    private async Task<BearerToken> FetchAsync(TokenRequest request, RegistryHost host, CancellationToken cancellation)
    {
        var subject = $"{host.Name}: token server {request.Realm.Authority}";
        ImageException? refusal = null;
        foreach (var message in request.ToHttp())
        {
            using (message)
            {
                try
                {
                    return await ExchangeAsync(subject, message, host, cancellation);
                }
                catch (ImageException error) when (error.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
                {
                    // It does not do this kind of request: 404, 405, 400.
                    refusal = error;
                }
            }
        }

        throw refusal!;
    }

    private async Task<BearerToken> ExchangeAsync(string subject, HttpRequestMessage message, RegistryHost host, CancellationToken cancellation)
    {
        try
        {
            using var response = await connections.SendAsync(SettingsFor(host, message.RequestUri!), message, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw await RegistryError.FromAsync(subject, response, options, cancellation);
            }

            var body = await BoundedBody.ReadAsync(response, BoundedBody.TokenMax, options, cancellation);
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

    // The registry's client certificate is for the registry, and for a token server of the same name.
    private static ConnectionSettings SettingsFor(RegistryHost host, Uri address) =>
        host.Api.Host == address.Host ? host.Connection : host.Connection with { ClientCertificates = "" };
}
