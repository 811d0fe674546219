using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A certificate for a server on 127.0.0.1 or of a name, as PEM, and the authority that made it, if one did.</summary>
public sealed record ServerCertificate(string Certificate, string Key)
{
    public static ServerCertificate SelfSigned(string? name = null)
    {
        using var key = ECDsa.Create();
        using var certificate = Request("CN=registry of a test", key, name).CreateSelfSigned(Yesterday, Tomorrow);
        return new ServerCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public static DateTimeOffset Yesterday => DateTimeOffset.UtcNow.AddDays(-1);

    public static DateTimeOffset Tomorrow => DateTimeOffset.UtcNow.AddDays(1);

    internal static CertificateRequest Request(string subject, ECDsa key, string? name = null)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName(name ?? "localhost");
        request.CertificateExtensions.Add(names.Build());
        return request;
    }
}

/// <summary>An authority that certifies servers and clients.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create();
    private readonly X509Certificate2 _certificate;

    public CertificateAuthority(string name, CertificateAuthority? parent = null)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _certificate = parent is null
            ? request.CreateSelfSigned(ServerCertificate.Yesterday, ServerCertificate.Tomorrow.AddDays(1))
            : request.Create(parent._certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(parent._key), ServerCertificate.Yesterday, ServerCertificate.Tomorrow, Serial());
    }

    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>A certificate by this authority; the authority's own follows it when it is in the middle of a chain.</summary>
    public ServerCertificate Certify(string subject, bool withIssuer = false)
    {
        using var key = ECDsa.Create();
        using var certificate = ServerCertificate.Request($"CN={subject}", key).Create(
            _certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), ServerCertificate.Yesterday, ServerCertificate.Tomorrow, Serial());
        return new ServerCertificate(certificate.ExportCertificatePem() + (withIssuer ? $"\n{Pem}" : ""), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }

    private static byte[] Serial() => RandomNumberGenerator.GetBytes(8);
}
