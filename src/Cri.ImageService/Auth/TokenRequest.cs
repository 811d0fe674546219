using System.Text;

namespace Cri.ImageService.Auth;

/// <summary>What a bearer challenge asks to be fetched, and on whose behalf. Equal requests may share a token.</summary>
internal sealed record TokenRequest(Uri Realm, string Service, string Scope, RegistryCredentials? Credentials)
{
    private const string ClientId = "crisp";

    private bool HasIdentity => Credentials is { IdentityToken.Length: > 0 };

    /// <summary>
    /// The HTTP requests to try, one after the other while the server does not do that kind: GET with the password as Basic
    /// or anonymous, then OAuth 2's password grant; for an identity token OAuth 2's refresh grant, then GET with the token as
    /// the password of its user.
    /// </summary>
    internal IEnumerable<HttpRequestMessage> ToHttp()
    {
        if (HasIdentity)
        {
            yield return Grant([new("grant_type", "refresh_token"), new("refresh_token", Credentials!.IdentityToken)]);
            if (Credentials.Username.Length > 0)
            {
                yield return Get(Credentials.Username, Credentials.IdentityToken);
            }

            yield break;
        }

        yield return Get(Credentials?.Username ?? "", Credentials?.Password ?? "");
        if (Credentials is { Username.Length: > 0 })
        {
            yield return Grant([new("grant_type", "password"), new("username", Credentials.Username), new("password", Credentials.Password)]);
        }
    }

    /// <summary>A password as the Authorization header has it.</summary>
    internal static string Basic(string username, string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}"));

    private HttpRequestMessage Grant(KeyValuePair<string, string>[] grant) => new(HttpMethod.Post, Realm)
    {
        Content = new FormUrlEncodedContent([.. grant, new("service", Service), new("client_id", ClientId), new("scope", Scope)]),
    };

    private HttpRequestMessage Get(string username, string password)
    {
        var query = new StringBuilder(Realm.Query.TrimStart('?'));
        Append(query, "service", Service);
        foreach (var scope in Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Append(query, "scope", scope);
        }

        var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(Realm) { Query = query.ToString() }.Uri);
        if (username.Length > 0)
        {
            request.Headers.Authorization = new("Basic", Basic(username, password));
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
