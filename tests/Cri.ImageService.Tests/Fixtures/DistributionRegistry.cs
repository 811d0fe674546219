using System.Diagnostics;
using System.Text.RegularExpressions;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A real registry (Debian's docker-registry) on loopback with its own storage, filled by skopeo.</summary>
public sealed partial class DistributionRegistry : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _configuration;
    private readonly Process _process;
    private readonly string _skopeoCredentials;

    /// <summary>
    /// With a bcrypt line of htpasswd it asks for Basic authentication; with TLS it shows a certificate of its own making, and
    /// with authorities of clients it lets nobody in whom they have not certified.
    /// </summary>
    public DistributionRegistry(
        string? htpasswd = null, string credentials = "", bool tls = false, string? clientAuthority = null, string auth = "", ServerCertificate? certificate = null)
    {
        _skopeoCredentials = credentials;
        _configuration = Storage() + auth + (htpasswd is null ? "" : Htpasswd(htpasswd)) + Http()
            + (tls ? Tls(certificate ?? ServerCertificate.SelfSigned(), clientAuthority) : "");
        _process = Start();
    }

    public int Port { get; private set; }

    public string Host => $"127.0.0.1:{Port}";

    /// <summary>The certificate that it shows with TLS.</summary>
    public string CertificatePath => _directory.Join("certificate.pem");

    /// <summary>The private key of that.</summary>
    public string KeyPath => _directory.Join("key.pem");

    /// <summary>What it was asked, one line a request.</summary>
    public string LogPath => _directory.Join("log");

    public void Push(TestImage image, string name)
    {
        using var layout = new TemporaryDirectory();
        image.WriteLayout(layout.Path, "x");
        string[] credentials = _skopeoCredentials.Length > 0 ? ["--dest-creds", _skopeoCredentials] : [];
        Command.Run("skopeo", [
            "copy", "-q", "--insecure-policy", "--preserve-digests", "--dest-tls-verify=false", .. credentials,
            $"oci:{layout.Path}:x", $"docker://{Host}/{name}"]);
    }

    /// <summary>Uploads a manifest under a tag or its digest, after its blobs.</summary>
    public async Task UploadAsync(string repository, string tag, byte[] manifest, IReadOnlyDictionary<Digest, byte[]> blobs, string type = MediaTypes.OciManifest)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{Host}/v2/{repository}/") };
        foreach (var (digest, content) in blobs)
        {
            using var start = await http.PostAsync("blobs/uploads/", null);
            start.EnsureSuccessStatusCode();
            var location = start.Headers.Location!.ToString();
            await PutAsync(http, $"{location}{(location.Contains('?') ? '&' : '?')}digest={digest}", content, "application/octet-stream");
        }

        await PutAsync(http, $"manifests/{tag}", manifest, type);
    }

    private static async Task PutAsync(HttpClient http, string address, byte[] content, string type)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue(type);
        using var answer = await http.PutAsync(address, body);
        answer.EnsureSuccessStatusCode();
    }

    public int CountRequests(string method, string part) =>
        File.ReadLines(LogPath).Count(line => line.Contains($"\"{method} /v2/") && line.Contains(part));

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _directory.Dispose();
    }

    private string Storage() => $"""
        version: 0.1
        log:
          accesslog:
            disabled: false
        storage:
          filesystem:
            rootdirectory: {_directory.Join("data")}

        """;

    private string Htpasswd(string line)
    {
        File.WriteAllText(_directory.Join("htpasswd"), line);
        return $"""
            auth:
              htpasswd:
                realm: test
                path: {_directory.Join("htpasswd")}

            """;
    }

    private static string Http() => """
        http:
          addr: 127.0.0.1:0

        """;

    // Continues the http section, which is the last one.
    private string Tls(ServerCertificate certificate, string? clientAuthority)
    {
        File.WriteAllText(CertificatePath, certificate.Certificate);
        File.WriteAllText(KeyPath, certificate.Key);
        var clients = clientAuthority is null ? "" : $"""
                clientcas: [{clientAuthority}]

            """;
        return $"""
              tls:
                certificate: {CertificatePath}
                key: {KeyPath}

            """ + clients;
    }

    private Process Start()
    {
        File.WriteAllText(_directory.Join("config.yml"), _configuration);
        File.WriteAllText(LogPath, "");
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"exec docker-registry serve {_directory.Join("config.yml")} >{LogPath} 2>&1"]);
        var process = Process.Start(start)!;
        Port = ReadPort(process);
        return process;
    }

    // The kernel chooses the port, so that nobody else can have taken it meanwhile; the log then names it.
    private int ReadPort(Process process)
    {
        for (var i = 0; i < 4800 && !process.HasExited; i++)
        {
            if (Listening().Match(File.ReadAllText(LogPath)) is { Success: true } match)
            {
                return int.Parse(match.Groups[1].Value);
            }

            Thread.Sleep(25);
        }

        throw new InvalidOperationException($"docker-registry does not listen: {File.ReadAllText(LogPath)}");
    }

    [GeneratedRegex(@"listening on 127\.0\.0\.1:(\d+)\D")]
    private static partial Regex Listening();
}
