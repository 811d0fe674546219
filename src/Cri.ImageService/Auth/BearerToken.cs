using System.Text.Json.Serialization;

namespace Cri.ImageService.Auth;

/// <summary>What a token server answers: Docker's distribution token specification, and OAuth 2.</summary>
internal sealed record BearerToken
{
    /// <summary>The token; Docker's name for it.</summary>
    [JsonPropertyName("token")]
    public string? Token { get; init; }

    /// <summary>The token; OAuth's name for it.</summary>
    [JsonPropertyName("access_token")]
    public string? AccessToken { get; init; }

    /// <summary>Its life in seconds; absent means 60.</summary>
    [JsonPropertyName("expires_in")]
    public int? ExpiresIn { get; init; }
}

/// <summary>Source-generated JSON of a token server's answer.</summary>
[JsonSerializable(typeof(BearerToken))]
internal sealed partial class BearerTokenJson : JsonSerializerContext;
