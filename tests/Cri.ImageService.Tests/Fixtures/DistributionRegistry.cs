using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A real registry (Debian's docker-registry) on loopback with its own storage, filled by skopeo.</summary>
public sealed class DistributionRegistry : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Process _process;
    private readonly string _skopeoCredentials;

    /// <summary>With a bcrypt line of htpasswd it asks for Basic authentication; with TLS it shows a certificate of its own making.</summary>
    public DistributionRegistry(string? htpasswd = null, string credentials = "", bool tls = false)
    {
        _skopeoCredentials = credentials;
        Port = FreePort();
        File.WriteAllText(_directory.Join("config.yml"), Configuration(htpasswd) + (tls ? Tls() : ""));
        LogPath = _directory.Join("log");
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"exec docker-registry serve {_directory.Join("config.yml")} >{LogPath} 2>&1"]);
        _process = Process.Start(start)!;
        WaitUntilReady();
    }

    public int Port { get; }

    public string Host => $"127.0.0.1:{Port}";

    /// <summary>The certificate that it shows with TLS.</summary>
    public string CertificatePath => _directory.Join("certificate.pem");

    /// <summary>What it was asked, one line a request.</summary>
    public string LogPath { get; }

    public void Push(TestImage image, string name)
    {
        using var layout = new TemporaryDirectory();
        image.WriteLayout(layout.Path, "x");
        string[] credentials = _skopeoCredentials.Length > 0 ? ["--dest-creds", _skopeoCredentials] : [];
        Command.Run("skopeo", [
            "copy", "-q", "--insecure-policy", "--preserve-digests", "--dest-tls-verify=false", .. credentials,
            $"oci:{layout.Path}:x", $"docker://{Host}/{name}"]);
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

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string Configuration(string? htpasswd)
    {
        var text = $"""
            version: 0.1
            log:
              accesslog:
                disabled: false
            storage:
              filesystem:
                rootdirectory: {_directory.Join("data")}

            """;
        var http = $"""
            http:
              addr: 127.0.0.1:{Port}

            """;
        if (htpasswd is null)
        {
            return text + http;
        }

        File.WriteAllText(_directory.Join("htpasswd"), htpasswd);
        return text + $"""
            auth:
              htpasswd:
                realm: test
                path: {_directory.Join("htpasswd")}

            """ + http;
    }

    // Continues the http section, which is the last one.
    private string Tls()
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=registry of a test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(CertificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(_directory.Join("key.pem"), key.ExportPkcs8PrivateKeyPem());
        return $"""
              tls:
                certificate: {CertificatePath}
                key: {_directory.Join("key.pem")}

            """;
    }

    private void WaitUntilReady()
    {
        for (var i = 0; i < 400 && !_process.HasExited; i++)
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", Port);
                return;
            }
            catch (SocketException)
            {
                Thread.Sleep(25);
            }
        }

        throw new InvalidOperationException($"docker-registry does not listen: {File.ReadAllText(LogPath)}");
    }
}
