using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>Turns what a registry or the network answered into an <see cref="ImageException"/> with the registry's own words.</summary>
internal static class RegistryError
{
    private const int BodyMax = 8192;
    private const int MessageMax = 512;

    /// <summary>An unwelcome answer.</summary>
    internal static async Task<ImageException> FromAsync(
        string subject, HttpResponseMessage response, ImageServiceOptions options, CancellationToken cancellation)
    {
        var words = await WordsAsync(response, options, cancellation);
        var status = $"{(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();
        return new ImageException(CodeOf(response.StatusCode), $"{subject}: {status}{(words.Length > 0 ? $": {words}" : "")}")
        {
            RetryAfter = RetryAfter(response),
        };
    }

    /// <summary>A connection that could not be made, broke, or stood still.</summary>
    internal static ImageException From(string subject, Exception error)
    {
        var cause = error is HttpRequestException { InnerException: { } inner } && !error.Message.Contains(inner.Message)
            ? $"{error.Message} ({inner.Message})"
            : error.Message;
        return new ImageException(StatusCode.Unavailable, $"{subject}: {cause}", error);
    }

    private static StatusCode CodeOf(HttpStatusCode status) => (int)status switch
    {
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.NotFound,
        501 or 505 => StatusCode.FailedPrecondition,
        408 or 425 or 429 or >= 500 => StatusCode.Unavailable,
        _ => StatusCode.FailedPrecondition,
    };

    // Seconds, or a date (RFC 9110, 10.2.3); a date counts from the host's own clock, when it tells it.
    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - (response.Headers.Date ?? DateTimeOffset.UtcNow),
        _ => null,
    };

    // {"errors":[{"code":"UNAUTHORIZED","message":"..."}]} by the distribution specification; plain text from proxies is left out.
    private static async Task<string> WordsAsync(HttpResponseMessage response, ImageServiceOptions options, CancellationToken cancellation)
    {
        try
        {
            var body = await BoundedBody.ReadStartAsync(response, BodyMax, options, cancellation);
            var answer = JsonSerializer.Deserialize(body, ErrorJson.Default.ErrorAnswer);
            var words = string.Join("; ", (answer?.Errors ?? []).Select(error => $"{error.Code}: {error.Message}"));
            words = words.Length > 0 ? words : answer?.Details ?? "";
            return words.Length > MessageMax ? words[..MessageMax] : words;
        }
        catch (Exception error) when (error is JsonException or IOException or HttpRequestException or TimeoutException)
        {
            return "";
        }
    }
}

/// <summary>The error body of the distribution specification, and of token servers ("details").</summary>
internal sealed record ErrorAnswer
{
    [JsonPropertyName("errors")]
    public IReadOnlyList<ErrorItem>? Errors { get; init; }

    [JsonPropertyName("details")]
    public string? Details { get; init; }
}

/// <summary>One error.</summary>
internal sealed record ErrorItem
{
    [JsonPropertyName("code")]
    public string? Code { get; init; }

    [JsonPropertyName("message")]
    public string? Message { get; init; }
}

/// <summary>Source-generated JSON of error bodies.</summary>
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class ErrorJson : JsonSerializerContext;
