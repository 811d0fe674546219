using System.Text;

namespace Cri.ImageService.Auth;

/// <summary>What a bearer challenge asks to be fetched, and on whose behalf. Equal requests may share a token.</summary>
internal sealed record TokenRequest(Uri Realm, string Service, string Scope, RegistryCredentials? Credentials)
{
    private const string ClientId = "crisp";

    /// <summary>
    /// The HTTP request: GET with the password as Basic, or anonymous; for an identity token the OAuth 2 refresh grant.
    /// </summary>
    internal HttpRequestMessage ToHttp() =>
        Credentials is { IdentityToken.Length: > 0 } ? RefreshGrant(Credentials.IdentityToken) : Get();

    /// <summary>A password as the Authorization header has it.</summary>
    internal static string Basic(RegistryCredentials credentials) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}"));

    private HttpRequestMessage RefreshGrant(string token) => new(HttpMethod.Post, Realm)
    {
        Content = new FormUrlEncodedContent(
        [
            new("grant_type", "refresh_token"), new("service", Service), new("client_id", ClientId),
            new("scope", Scope), new("refresh_token", token),
        ]),
    };

    private HttpRequestMessage Get()
    {
        var query = new StringBuilder(Realm.Query.TrimStart('?'));
        Append(query, "service", Service);
        foreach (var scope in Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Append(query, "scope", scope);
        }

        var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(Realm) { Query = query.ToString() }.Uri);
        if (Credentials is { Username.Length: > 0 })
        {
            request.Headers.Authorization = new("Basic", Basic(Credentials));
        }

        return request;
    }

    private static void Append(StringBuilder query, string name, string value)
    {
        if (value.Length > 0)
        {
            query.Append(query.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}
