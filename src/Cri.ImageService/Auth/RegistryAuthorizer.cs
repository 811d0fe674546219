using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Cri.ImageService.Hosts;
using Grpc.Core;

namespace Cri.ImageService.Auth;

/// <summary>
/// Answers the challenges of one repository's hosts on behalf of one set of credentials: anonymous, Basic, or Bearer with a
/// token fetched for it. Nothing is sent before a host asks for it.
/// </summary>
internal sealed class RegistryAuthorizer(TokenSource tokens, RegistryCredentials? credentials, string repository)
{
    private readonly ConcurrentDictionary<string, AuthenticationHeaderValue> _answers = new();

    /// <summary>The answer that the host accepted or may accept; null when it has not asked yet.</summary>
    internal AuthenticationHeaderValue? AnswerFor(RegistryHost host) => _answers.GetValueOrDefault(host.Name);

    /// <summary>
    /// Finds an answer to a 401, to be used from then on. False when there is none other than <paramref name="refused"/>.
    /// </summary>
    /// <exception cref="ImageException">No token can be had.</exception>
    internal async Task<bool> TryAnswerAsync(
        RegistryHost host, HttpResponseMessage challenge, AuthenticationHeaderValue? refused, CancellationToken cancellation)
    {
        foreach (var offer in challenge.Headers.WwwAuthenticate.SelectMany(header => AuthChallenge.ParseAll(header.ToString())))
        {
            var answer = offer.Scheme switch
            {
                "bearer" => await BearerAsync(host, offer, refused?.Parameter, cancellation),
                "basic" => Basic(host),
                _ => null,
            };
            if (answer is not null && answer.ToString() != refused?.ToString())
            {
                _answers[host.Name] = answer;
                return true;
            }
        }

        return false;
    }

    private RegistryCredentials? CredentialsFor(RegistryHost host) => credentials?.AreFor(host.Name) == true ? credentials : null;

    private AuthenticationHeaderValue? Basic(RegistryHost host) =>
        CredentialsFor(host) is { Username.Length: > 0 } known ? new("Basic", TokenRequest.Basic(known)) : null;

    private async Task<AuthenticationHeaderValue?> BearerAsync(
        RegistryHost host, AuthChallenge challenge, string? rejected, CancellationToken cancellation)
    {
        var known = CredentialsFor(host);
        if (known is { RegistryToken.Length: > 0 })
        {
            return new("Bearer", known.RegistryToken);
        }

        var scope = challenge.Parameter("scope") ?? $"repository:{repository}:pull";
        var request = new TokenRequest(Realm(host, challenge, known), challenge.Parameter("service") ?? "", scope, known);
        return new("Bearer", await tokens.GetAsync(request, rejected, host, cancellation));
    }

    private static Uri Realm(RegistryHost host, AuthChallenge challenge, RegistryCredentials? known)
    {
        if (!Uri.TryCreate(challenge.Parameter("realm"), UriKind.Absolute, out var realm) || realm.Scheme is not ("http" or "https"))
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{host.Name}: its bearer challenge names no token server");
        }

        return realm.Scheme == "http" && host.Api.Scheme == "https" && known is not null
            ? throw new ImageException(
                StatusCode.FailedPrecondition, $"{host.Name}: its token server {realm.Authority} would get credentials without TLS")
            : realm;
    }
}
