using System.Security.Cryptography;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A key pair whose public half lies in a PEM file.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly AsymmetricAlgorithm _key;

    private SigningKey(AsymmetricAlgorithm key)
    {
        _key = key;
        Write(key.ExportSubjectPublicKeyInfoPem());
    }

    /// <summary>Where the public key is.</summary>
    public string Path => _directory.Join("key.pub");

    public static SigningKey Ecdsa() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static SigningKey Rsa() => new(RSA.Create(2048));

    /// <summary>Puts something else into the file.</summary>
    public void Write(string pem) => File.WriteAllText(Path, pem);

    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>As cosign signs: ECDSA in DER, RSA by PKCS #1 v1.5.</summary>
    public byte[] Sign(byte[] content) => _key switch
    {
        ECDsa ecdsa => ecdsa.SignData(content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
        RSA rsa => rsa.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        _ => throw new InvalidOperationException(),
    };

    public byte[] SignPss(byte[] content) => ((RSA)_key).SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);

    public void Dispose()
    {
        _key.Dispose();
        _directory.Dispose();
    }
}
