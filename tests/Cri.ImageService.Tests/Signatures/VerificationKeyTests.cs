using System.Security.Cryptography;
using Cri.ImageService.Signatures;
using Cri.ImageService.Tests.Fixtures;

namespace Cri.ImageService.Tests.Signatures;

public sealed class VerificationKeyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Verify_Ecdsa_TakesItsSignatureOnly()
    {
        using var signer = SigningKey.Ecdsa();
        using var key = VerificationKey.Read(signer.Path);

        Assert.True(key.Verify("payload"u8, signer.Sign("payload"u8.ToArray())));
        Assert.False(key.Verify("Payload"u8, signer.Sign("payload"u8.ToArray())));
        Assert.False(key.Verify("payload"u8, []));
        Assert.False(key.Verify("payload"u8, [0x30, 0x80, 1, 2, 3]));
        Assert.False(key.Verify("payload"u8, new byte[4096]));
    }

    [Fact]
    public void Verify_Rsa_TakesBothPaddings()
    {
        using var signer = SigningKey.Rsa();
        using var key = VerificationKey.Read(signer.Path);

        Assert.True(key.Verify("payload"u8, signer.Sign("payload"u8.ToArray())));
        Assert.True(key.Verify("payload"u8, signer.SignPss("payload"u8.ToArray())));
        Assert.False(key.Verify("Payload"u8, signer.Sign("payload"u8.ToArray())));
        Assert.False(key.Verify("payload"u8, new byte[256]));
        Assert.False(key.Verify("payload"u8, []));
    }

    [Fact]
    public void Verify_OpensslsKeyAndSignature_IsTaken()
    {
        var (secret, payload, signature) = (_directory.Join("secret.pem"), _directory.Join("payload"), _directory.Join("signature"));
        File.WriteAllText(payload, "payload");
        Command.Run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", secret);
        Command.Run("openssl", "ec", "-in", secret, "-pubout", "-out", _directory.Join("key.pub"));
        Command.Run("openssl", "dgst", "-sha256", "-sign", secret, "-out", signature, payload);

        using var key = VerificationKey.Read(_directory.Join("key.pub"));

        Assert.True(key.Verify("payload"u8, File.ReadAllBytes(signature)));
    }

    [Fact]
    public void Read_RsaPublicKey_IsTheSameKey()
    {
        using var rsa = RSA.Create(3072);

        using var subject = VerificationKey.Read(Write(rsa.ExportSubjectPublicKeyInfoPem()));
        using var plain = VerificationKey.Read(Write(rsa.ExportRSAPublicKeyPem()));

        Assert.Equal(subject.Fingerprint, plain.Fingerprint);
    }

    [Fact]
    public void Read_AbsentFile_SaysSo() => AssertRefused(_directory.Join("absent"), "Could not find");

    [Fact]
    public void Read_Directory_SaysSo() => AssertRefused(_directory.Path, "denied");

    [Fact]
    public void Read_OtherCurve_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        AssertRefused(Write(key.ExportSubjectPublicKeyInfoPem()), "P-256");
    }

    [Fact]
    public void Read_ShortRsa_IsRefused()
    {
        using var key = RSA.Create(1024);
        AssertRefused(Write(key.ExportSubjectPublicKeyInfoPem()), "1024 bits");
    }

    [Fact]
    public void Read_PrivateKey_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AssertRefused(Write(key.ExportPkcs8PrivateKeyPem()), "private key");
    }

    [Fact]
    public void Read_TwoKeys_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AssertRefused(Write(key.ExportSubjectPublicKeyInfoPem() + "\n" + key.ExportSubjectPublicKeyInfoPem()), "more than one");
    }

    [Theory]
    [InlineData("", "not a PEM file")]
    [InlineData("ssh-rsa AAAA", "not a PEM file")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a public key")]
    [InlineData("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", "not a public key")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "found a CERTIFICATE")]
    public void Read_SomethingElse_SaysWhatItIs(string content, string why) => AssertRefused(Write(content), why);

    [Fact]
    public void Read_EndlessFile_IsRefused() => AssertRefused("/dev/zero", "longer than");

    private string Write(string content)
    {
        var path = _directory.Join(Guid.NewGuid().ToString());
        File.WriteAllText(path, content);
        return path;
    }

    private static void AssertRefused(string path, string why)
    {
        var error = Assert.Throws<InvalidDataException>(() => VerificationKey.Read(path));

        Assert.Contains(why, error.Message);
    }
}
