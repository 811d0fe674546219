using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cri.ImageService.Signatures;

/// <summary>A public key that signatures are checked with: ECDSA on P-256, or RSA of 2048 to 8192 bits, both with SHA-256.</summary>
public sealed class VerificationKey : IDisposable
{
    private const int FileMax = 64 * 1024;
    private const int RsaBitsMin = 2048;
    private const int RsaBitsMax = 8192;
    private const string EllipticCurveKey = "1.2.840.10045.2.1";
    private const string RsaKey = "1.2.840.113549.1.1.1";
    private const string P256 = "1.2.840.10045.3.1.7";

    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;

    private VerificationKey(string path, ECDsa ecdsa)
    {
        (Path, _ecdsa) = (path, ecdsa);
        Fingerprint = FingerprintOf(ecdsa.ExportSubjectPublicKeyInfo());
    }

    private VerificationKey(string path, RSA rsa)
    {
        (Path, _rsa) = (path, rsa);
        Fingerprint = FingerprintOf(rsa.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The file it came from.</summary>
    public string Path { get; }

    /// <summary>The SHA-256 of its SubjectPublicKeyInfo, in hex: what tells keys apart.</summary>
    public string Fingerprint { get; }

    /// <summary>Reads the one key of a PEM file: <c>PUBLIC KEY</c> (RFC 7468, as cosign writes it) or <c>RSA PUBLIC KEY</c>.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read or has no such key; the message says why, without the path.</exception>
    public static VerificationKey Read(string path)
    {
        try
        {
            return Parse(path, ReadText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException(error is CryptographicException ? $"not a public key: {error.Message}" : error.Message, error);
        }
    }

    /// <summary>True when <paramref name="signature"/> was made over <paramref name="content"/> with this key's private half.</summary>
    internal bool Verify(ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        try
        {
            return _ecdsa?.VerifyData(content, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
                ?? VerifyRsa(content, signature);
        }
        catch (CryptographicException)
        {
            // Not even the form of a signature.
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ecdsa?.Dispose();
        _rsa?.Dispose();
    }

    // cosign signs by PKCS #1 v1.5; some key management services only do PSS.
    private bool VerifyRsa(ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        _rsa!.VerifyData(content, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        || _rsa.VerifyData(content, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);

    private static string ReadText(string path)
    {
        using var file = File.OpenRead(path);
        var content = new byte[FileMax + 1];
        var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return length <= FileMax
            ? System.Text.Encoding.UTF8.GetString(content, 0, length)
            : throw new InvalidDataException($"longer than {FileMax} bytes");
    }

    private static VerificationKey Parse(string path, string text)
    {
        if (!PemEncoding.TryFind(text, out var pem))
        {
            throw new InvalidDataException("not a PEM file");
        }

        if (PemEncoding.TryFind(text.AsSpan(pem.Location.End.Value), out _))
        {
            throw new InvalidDataException("more than one key; each needs a file of its own");
        }

        var content = Convert.FromBase64String(text[pem.Base64Data]);
        return text[pem.Label] switch
        {
            "PUBLIC KEY" => FromSubjectPublicKeyInfo(path, content),
            "RSA PUBLIC KEY" => FromRsa(path, content),
            var label when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) =>
                throw new InvalidDataException("a private key, which does not belong on a node; expected the public one"),
            var label => throw new InvalidDataException($"expected a PUBLIC KEY, found a {label}"),
        };
    }

    private static VerificationKey FromSubjectPublicKeyInfo(string path, byte[] content)
    {
        var key = PublicKey.CreateFromSubjectPublicKeyInfo(content, out _);
        return key.Oid.Value switch
        {
            EllipticCurveKey => FromEcdsa(path, content),
            RsaKey => Checked(path, key.GetRSAPublicKey()!),
            _ => throw new InvalidDataException("neither an ECDSA nor an RSA key"),
        };
    }

    private static VerificationKey FromEcdsa(string path, byte[] content)
    {
        var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(content, out _);
        var curve = ecdsa.ExportParameters(includePrivateParameters: false).Curve;
        if (curve.IsNamed && curve.Oid.Value == P256)
        {
            return new VerificationKey(path, ecdsa);
        }

        ecdsa.Dispose();
        throw new InvalidDataException("an ECDSA key on another curve than P-256");
    }

    private static VerificationKey FromRsa(string path, byte[] content)
    {
        var rsa = RSA.Create();
        rsa.ImportRSAPublicKey(content, out _);
        return Checked(path, rsa);
    }

    private static VerificationKey Checked(string path, RSA rsa)
    {
        if (rsa.KeySize is >= RsaBitsMin and <= RsaBitsMax)
        {
            return new VerificationKey(path, rsa);
        }

        var bits = rsa.KeySize;
        rsa.Dispose();
        throw new InvalidDataException($"an RSA key of {bits} bits; expected {RsaBitsMin} to {RsaBitsMax}");
    }

    private static string FingerprintOf(byte[] subjectPublicKeyInfo) => Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo));
}
