using System.Net;
using System.Net.Http.Headers;
using Cri.ImageService.Auth;
using Cri.ImageService.Hosts;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// One exchange with one host: authentication when asked for it, and redirects. Credentials stay with the host they are for: a
/// redirect elsewhere carries none, and one from TLS to plain HTTP is not followed.
/// </summary>
internal sealed class RegistryClient(HttpConnections connections, RegistryAuthorizer authorizer, PullMetrics metrics, ImageServiceOptions options)
{
    private const int RedirectMax = 5;

    // Once to learn what the host wants, then an answer to each of its challenges: Bearer and Basic, or an ended token and a new one.
    private const int AnswerMax = 3;

    /// <summary>What pulls may use together.</summary>
    internal TransferBudget Budget => connections.Budget;

    /// <summary>Where exchanges are counted.</summary>
    internal PullMetrics Metrics => metrics;

    /// <summary>How to connect, retry and wait.</summary>
    internal ImageServiceOptions Options => options;

    /// <summary>The host's successful answer, whose body is still to be read. Asked once: the caller retries.</summary>
    /// <exception cref="ImageException">It refused, or cannot be reached. UNAVAILABLE: it may be asked again.</exception>
    internal async Task<HttpResponseMessage> SendAsync(RegistryHost host, RegistryRequest request, CancellationToken cancellation)
    {
        var subject = $"{request.Method} {host.Api}{request.Path}";
        try
        {
            var response = await RememberedAsync(host, request, cancellation) ?? await AuthorizedAsync(host, request, cancellation);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                throw await RegistryError.FromAsync(Redirected(subject, host, response), response, options, cancellation);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
        {
            throw RegistryError.From(subject, error);
        }
    }

    // The address of a redirect has an end, after which the host gives another.
    private async Task<HttpResponseMessage?> RememberedAsync(RegistryHost host, RegistryRequest request, CancellationToken cancellation)
    {
        if (request.Redirect is not { Address: { } address } memo)
        {
            return null;
        }

        var origin = AddressOf(host, request);
        using var message = Message(request, address);
        try
        {
            var response = await connections.SendAsync(SettingsFor(host, origin, address), message, cancellation);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            response.Dispose();
            memo.Address = null;
            return null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
        {
            // The host may have others to send us to.
            memo.Address = null;
            throw;
        }
    }

    private async Task<HttpResponseMessage> AuthorizedAsync(RegistryHost host, RegistryRequest request, CancellationToken cancellation)
    {
        List<AuthenticationHeaderValue> refused = [];
        for (var answers = 0; ; answers++)
        {
            var answer = authorizer.AnswerFor(host);
            var response = await FollowedAsync(host, request, answer, cancellation);
            if (response.StatusCode != HttpStatusCode.Unauthorized || answers == AnswerMax)
            {
                return response;
            }

            refused.AddRange(answer is null ? [] : [answer]);
            if (!await authorizer.TryAnswerAsync(host, response, refused, cancellation))
            {
                return response;
            }

            response.Dispose();
        }
    }

    private async Task<HttpResponseMessage> FollowedAsync(
        RegistryHost host, RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancellation)
    {
        var origin = AddressOf(host, request);
        var address = origin;
        for (var redirects = 0; ; redirects++)
        {
            using var message = Message(request, address);
            if (IsSameOrigin(origin, address))
            {
                message.Headers.Authorization = authorization;
                AddHostHeaders(message, host);
            }

            var response = await connections.SendAsync(SettingsFor(host, origin, address), message, cancellation);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
            {
                Remember(request, origin, address, response);
                return response;
            }

            response.Dispose();
            address = Follow(address, location, redirects);
        }
    }

    // What a redirect's address says in its query may be a signature, so errors name no more than its host.
    private static Uri Follow(Uri from, Uri location, int redirects)
    {
        var to = new Uri(from, location);
        return redirects == RedirectMax ? throw Refused("it redirects too often")
            : to.Scheme is not ("http" or "https") ? throw Refused($"it redirects to {to.Scheme}:")
            : from.Scheme == "https" && to.Scheme == "http" ? throw Refused($"it redirects from TLS to plain HTTP at {to.Authority}")
            : to;

        ImageException Refused(string why) => new(StatusCode.FailedPrecondition, $"{from.Authority}: {why}");
    }

    private static void Remember(RegistryRequest request, Uri origin, Uri address, HttpResponseMessage response)
    {
        if (request.Redirect is { } memo && response.IsSuccessStatusCode)
        {
            memo.Address = IsSameOrigin(origin, address) ? null : address;
        }
    }

    private static string Redirected(string subject, RegistryHost host, HttpResponseMessage response) =>
        response.RequestMessage?.RequestUri is { } final && final.Authority != host.Api.Authority ? $"{subject}: redirected to {final.Authority}" : subject;

    // A client certificate proves who we are, as a password does.
    private static ConnectionSettings SettingsFor(RegistryHost host, Uri origin, Uri address) =>
        IsSameOrigin(origin, address) ? host.Connection : host.Connection with { ClientCertificates = "" };

    private static Uri AddressOf(RegistryHost host, RegistryRequest request) =>
        new(host.Api, request.Namespace is null ? request.Path : $"{request.Path}?ns={Uri.EscapeDataString(request.Namespace)}");

    private static HttpRequestMessage Message(RegistryRequest request, Uri address)
    {
        var message = new HttpRequestMessage(request.Method, address)
        {
            Version = request.IsBulk ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        foreach (var type in request.Accept)
        {
            message.Headers.Accept.ParseAdd(type);
        }

        if (request.From > 0 || request.End is not null)
        {
            message.Headers.Range = new RangeHeaderValue(request.From, request.End - 1);
        }

        return message;
    }

    private static void AddHostHeaders(HttpRequestMessage message, RegistryHost host)
    {
        foreach (var (name, value) in host.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static bool IsSameOrigin(Uri left, Uri right) => left.Scheme == right.Scheme && left.Authority == right.Authority;

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;
}
