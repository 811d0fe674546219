using System.Net;
using System.Net.Http.Headers;
using Cri.ImageService.Auth;
using Cri.ImageService.Hosts;

namespace Cri.ImageService.Registry;

/// <summary>
/// One exchange with one host: authentication when asked for it, redirects, retries of what may pass. Credentials
/// stay with the host they are for: a redirect elsewhere carries none.
/// </summary>
internal sealed class RegistryClient(HttpConnections connections, RegistryAuthorizer authorizer, ImageServiceOptions options)
{
    private const int RedirectMax = 5;
    private static readonly TimeSpan _retryAfterMax = TimeSpan.FromSeconds(10);

    /// <summary>The host's successful answer, whose body is still to be read.</summary>
    /// <exception cref="ImageException">It refused, or cannot be reached after all attempts.</exception>
    internal async Task<HttpResponseMessage> SendAsync(RegistryHost host, RegistryRequest request, CancellationToken cancellation)
    {
        var subject = $"{request.Method} {host.Api}{request.Path}";
        for (var attempt = 1; ; attempt++)
        {
            ImageException failure;
            TimeSpan? pause = null;
            try
            {
                var response = await AuthorizedAsync(host, request, cancellation);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    pause = response.Headers.RetryAfter?.Delta;
                    failure = await RegistryError.FromAsync(subject, response, cancellation);
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
            {
                failure = RegistryError.From(subject, error);
            }

            if (failure.StatusCode != global::Grpc.Core.StatusCode.Unavailable || attempt >= options.MaxAttempts)
            {
                throw failure;
            }

            await Task.Delay(PauseBefore(attempt, pause), cancellation);
        }
    }

    /// <summary>How long to wait after the failed attempt number <paramref name="attempt"/>, counted from 1.</summary>
    internal TimeSpan PauseBefore(int attempt, TimeSpan? asked = null)
    {
        var doubled = options.RetryDelay * Math.Pow(2, Math.Min(attempt - 1, 10));
        var pause = asked > doubled ? asked.Value : doubled;
        return pause > _retryAfterMax ? _retryAfterMax : pause;
    }

    private async Task<HttpResponseMessage> AuthorizedAsync(RegistryHost host, RegistryRequest request, CancellationToken cancellation)
    {
        // Twice at most: once to learn what the host wants or that a token has ended, once with the answer.
        for (var asked = false; ; asked = true)
        {
            var answer = authorizer.AnswerFor(host);
            var response = await FollowedAsync(host, request, answer, cancellation);
            if (response.StatusCode != HttpStatusCode.Unauthorized || asked
                || !await authorizer.TryAnswerAsync(host, response, answer, cancellation))
            {
                return response;
            }

            response.Dispose();
        }
    }

    private async Task<HttpResponseMessage> FollowedAsync(
        RegistryHost host, RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancellation)
    {
        var address = AddressOf(host, request);
        var origin = address;
        for (var redirects = 0; ; redirects++)
        {
            using var message = new HttpRequestMessage(request.Method, address);
            SetHeaders(message, request);
            if (IsSameOrigin(origin, address))
            {
                message.Headers.Authorization = authorization;
                AddHostHeaders(message, host);
            }

            var response = await connections.SendAsync(host.Connection, message, cancellation);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            address = new Uri(address, location);
            if (redirects == RedirectMax || address.Scheme is not ("http" or "https"))
            {
                throw new HttpRequestException(redirects == RedirectMax ? "too many redirects" : $"redirected to {address.Scheme}:");
            }
        }
    }

    private static Uri AddressOf(RegistryHost host, RegistryRequest request) =>
        new(host.Api, request.Namespace is null ? request.Path : $"{request.Path}?ns={Uri.EscapeDataString(request.Namespace)}");

    private static void SetHeaders(HttpRequestMessage message, RegistryRequest request)
    {
        foreach (var type in request.Accept)
        {
            message.Headers.Accept.ParseAdd(type);
        }

        if (request.From > 0)
        {
            message.Headers.Range = new RangeHeaderValue(request.From, null);
        }
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
