using System.Text;
using Cri.Api.V1;
using Grpc.Core;

namespace Cri.ImageService.Auth;

/// <summary>
/// What proves to a registry who asks. Equal when every part is equal, so that pulls share a transfer only under the same
/// rights. Its text form holds no secret.
/// </summary>
public sealed record RegistryCredentials
{
    /// <summary>The user; empty when a token is used instead.</summary>
    public string Username { get; init; } = "";

    /// <summary>The user's password.</summary>
    public string Password { get; init; } = "";

    /// <summary>An OAuth refresh token, exchanged for an access token.</summary>
    public string IdentityToken { get; init; } = "";

    /// <summary>A bearer token sent as it is.</summary>
    public string RegistryToken { get; init; } = "";

    /// <summary>The host, with its port if it has one, that alone may see these; empty: every host configured for the image.</summary>
    public string Server { get; init; } = "";

    /// <summary>Reads the CRI's form; null when it is absent or empty, which means anonymous.</summary>
    /// <exception cref="ImageException">INVALID_ARGUMENT: <c>auth</c> is not base64 of <c>user:password</c>.</exception>
    public static RegistryCredentials? From(AuthConfig? auth)
    {
        if (auth is null)
        {
            return null;
        }

        var (username, password) = auth.Username.Length > 0 || auth.IdentityToken.Length > 0 || auth.Auth.Length == 0
            ? (auth.Username, auth.Password)
            : Decode(auth.Auth);
        var credentials = new RegistryCredentials
        {
            Username = username,
            Password = password,
            IdentityToken = auth.IdentityToken,
            RegistryToken = auth.RegistryToken,
            Server = HostOf(auth.ServerAddress),
        };
        return credentials == new RegistryCredentials { Server = credentials.Server } ? null : credentials;
    }

    /// <summary>True when the host of <paramref name="api"/> may see these.</summary>
    public bool AreFor(Uri api) => Server.Length == 0 || Normal(Server, api) == Normal(api.Authority, api);

    /// <summary>The user and the server, never a secret.</summary>
    public override string ToString() => $"credentials of \"{Username}\" for \"{Server}\"";

    private static (string Username, string Password) Decode(string auth)
    {
        try
        {
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(auth));
            var colon = text.IndexOf(':');
            if (colon > 0)
            {
                return (text[..colon], text[(colon + 1)..].Trim('\0'));
            }
        }
        catch (FormatException)
        {
        }

        throw new ImageException(StatusCode.InvalidArgument, "auth config: field auth is not base64 of username:password");
    }

    // Docker's configuration files hold anything from "docker.io" to "https://index.docker.io/v1/".
    private static string HostOf(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? address : address[(scheme + 3)..];
        var slash = rest.IndexOf('/');
        return slash < 0 ? rest : rest[..slash];
    }

    private static string Normal(string host, Uri api)
    {
        var lower = host.ToLowerInvariant();
        var port = api.Scheme == "https" ? ":443" : ":80";
        lower = lower.EndsWith(port, StringComparison.Ordinal) ? lower[..^port.Length] : lower;
        return lower is "index.docker.io" or "registry-1.docker.io" ? "docker.io" : lower;
    }
}
