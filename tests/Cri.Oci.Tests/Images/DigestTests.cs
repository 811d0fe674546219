using Cri.Oci.Images;
using Xunit;

namespace Cri.Oci.Tests.Images;

public sealed class DigestTests
{
    [Fact]
    public void OfSha256_KnownContent_IsKnownDigest() =>
        Assert.Equal("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Digest.OfSha256("abc"u8).ToString());

    [Theory]
    [InlineData("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")]
    public void OfSame_EachAlgorithm_HashesByIt(string text)
    {
        var digest = Digest.Parse(text);

        Assert.Equal(digest, digest.OfSame("abc"u8));
        Assert.Equal(text, digest.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256")]
    [InlineData("sha256:")]
    [InlineData("sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../../../../a")]
    [InlineData("sha1:a9993e364706816aba3e25717850c26c9cd0d89d")]
    public void TryParse_Malformed_IsFalse(string text) => Assert.False(Digest.TryParse(text, out _));
}
