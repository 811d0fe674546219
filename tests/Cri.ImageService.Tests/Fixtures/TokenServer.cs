using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A token server that a real registry trusts: it signs what it grants, to one user or to the holder of one identity token.</summary>
public sealed class TokenServer : IDisposable
{
    public const string Password = "hunter2-password";
    public const string Identity = "hunter2-identity";

    private readonly TemporaryDirectory _directory = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ScriptedRegistry _http;
    private readonly string _certificate;

    public TokenServer()
    {
        var request = new CertificateRequest("CN=token server", _key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(ServerCertificate.Yesterday, ServerCertificate.Tomorrow);
        _certificate = Convert.ToBase64String(certificate.RawData);
        File.WriteAllText(_directory.Join("root.pem"), certificate.ExportCertificatePem());
        _http = new ScriptedRegistry(asked => asked.Method == RefusedMethod ? new ScriptedAnswer(405, []) : Answer(asked));
    }

    /// <summary>GET or POST, which it refuses from now on, as some do; null for none.</summary>
    public string? RefusedMethod { get; set; }

    /// <summary>The registry's configuration.</summary>
    public string Configuration => $"""
        auth:
          token:
            realm: http://{_http.Host}/token
            service: registry of a test
            issuer: token server
            rootcertbundle: {_directory.Join("root.pem")}

        """;

    /// <summary>What it was asked.</summary>
    public IReadOnlyCollection<ScriptedRequest> Requests => _http.Requests;

    public void Dispose()
    {
        _http.Dispose();
        _key.Dispose();
        _directory.Dispose();
    }

    private ScriptedAnswer Answer(ScriptedRequest asked)
    {
        var form = asked.Method == "POST" ? asked.Body : asked.Path[(asked.Path.IndexOf('?') + 1)..];
        var fields = form.Split('&').Select(field => field.Split('=', 2)).GroupBy(pair => pair[0], pair => WebUtility.UrlDecode(pair[1])).ToDictionary(group => group.Key, group => group.First());
        var isKnown = fields.GetValueOrDefault("grant_type") switch
        {
            "password" => fields["username"] == "user" && fields["password"] == Password,
            "refresh_token" => fields["refresh_token"] == Identity,
            _ => asked.Header("authorization") == $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"user:{Password}"))}",
        };
        return isKnown
            ? new ScriptedAnswer(200, JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["access_token"] = Token(fields["scope"], fields["service"]), ["expires_in"] = 300 }))
            : new ScriptedAnswer(401, """{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}"""u8.ToArray());
    }

    // repository:NAME:ACTIONS
    private string Token(string scope, string service)
    {
        var parts = scope.Split(':');
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = $$"""{"typ":"JWT","alg":"ES256","x5c":["{{_certificate}}"]}""";
        var actions = string.Join(',', parts[2].Split(',').Select(action => $"\"{action}\""));
        var claims = $$"""{"iss":"token server","sub":"user","aud":"{{service}}","exp":{{now + 300}},"nbf":{{now - 60}},"iat":{{now}},"jti":"1","access":[{"type":"{{parts[0]}}","name":"{{parts[1]}}","actions":[{{actions}}]}]}""";
        var signed = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Encode(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
