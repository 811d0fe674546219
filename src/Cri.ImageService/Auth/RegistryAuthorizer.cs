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
    private readonly ConcurrentDictionary<RegistryHost, AuthenticationHeaderValue> _answers = new(ReferenceEqualityComparer.Instance);

    /// <summary>The answer that the host accepted or may accept; null when it has not asked yet.</summary>
    internal AuthenticationHeaderValue? AnswerFor(RegistryHost host) => _answers.GetValueOrDefault(host);

    /// <summary>
    /// Finds an answer to a 401, to be used from then on. False when there is none but those in <paramref name="refused"/>.
    /// Bearer comes before Basic, whatever the order of the challenges.
    /// </summary>
    /// <exception cref="ImageException">No token can be had, and nothing else was asked for.</exception>
    internal async Task<bool> TryAnswerAsync(
        RegistryHost host, HttpResponseMessage challenge, IReadOnlyList<AuthenticationHeaderValue> refused, CancellationToken cancellation)
    {
        // Another request may have found one meanwhile.
        if (_answers.TryGetValue(host, out var current) && !IsAmong(refused, current))
        {
            return true;
        }

        ImageException? failure = null;
        foreach (var offer in Challenges(challenge).OrderBy(offer => offer.Scheme == "bearer" ? 0 : 1))
        {
            try
            {
                if (await AnswerAsync(host, offer, refused, cancellation) is { } answer && !IsAmong(refused, answer))
                {
                    _answers[host] = answer;
                    return true;
                }
            }
            catch (ImageException error)
            {
                failure ??= error;
            }
        }

        return failure is null ? false : throw failure;
    }

    private static IEnumerable<AuthChallenge> Challenges(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var lines) ? lines.SelectMany(AuthChallenge.ParseAll) : [];

    private static bool IsAmong(IReadOnlyList<AuthenticationHeaderValue> refused, AuthenticationHeaderValue answer) =>
        refused.Any(one => one.Scheme == answer.Scheme && one.Parameter == answer.Parameter);

    private async Task<AuthenticationHeaderValue?> AnswerAsync(
        RegistryHost host, AuthChallenge offer, IReadOnlyList<AuthenticationHeaderValue> refused, CancellationToken cancellation)
    {
        var known = credentials?.AreFor(host.Api) == true ? credentials : null;
        return offer.Scheme switch
        {
            "bearer" or "basic" when known is { RegistryToken.Length: > 0 } => new("Bearer", known.RegistryToken),
            "bearer" => await BearerAsync(host, offer, known, refused, cancellation),
            "basic" when known is { Username.Length: > 0 } => new("Basic", TokenRequest.Basic(known.Username, known.Password)),
            _ => null,
        };
    }

    private async Task<AuthenticationHeaderValue?> BearerAsync(
        RegistryHost host, AuthChallenge challenge, RegistryCredentials? known, IReadOnlyList<AuthenticationHeaderValue> refused, CancellationToken cancellation)
    {
        var scope = challenge.Parameter("scope") is { Length: > 0 } asked ? asked : $"repository:{repository}:pull";
        var request = new TokenRequest(Realm(host, challenge, known), challenge.Parameter("service") ?? "", scope, known);
        return new("Bearer", await tokens.GetAsync(request, [.. refused.Select(one => one.Parameter)], host, cancellation));
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
