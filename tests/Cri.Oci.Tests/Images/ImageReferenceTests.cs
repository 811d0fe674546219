using Cri.Oci.Images;
using Xunit;

namespace Cri.Oci.Tests.Images;

public sealed class ImageReferenceTests
{
    private const string Hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("nginx", "docker.io/library/nginx:latest")]
    [InlineData("nginx:1.25", "docker.io/library/nginx:1.25")]
    [InlineData("team/app", "docker.io/team/app:latest")]
    [InlineData("docker.io/nginx", "docker.io/library/nginx:latest")]
    [InlineData("index.docker.io/nginx", "docker.io/library/nginx:latest")]
    [InlineData("docker.io/library/nginx", "docker.io/library/nginx:latest")]
    [InlineData("quay.io/nginx", "quay.io/nginx:latest")]
    [InlineData("localhost/app", "localhost/app:latest")]
    [InlineData("localhost:5000/app:v1", "localhost:5000/app:v1")]
    [InlineData("host:5000/a/b/c", "host:5000/a/b/c:latest")]
    [InlineData("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest")]
    [InlineData("[::1]:5000/app", "[::1]:5000/app:latest")]
    [InlineData("[fe80::1]/app:v1", "[fe80::1]/app:v1")]
    [InlineData("Host/app", "Host/app:latest")]
    [InlineData("nginx@" + Hash, "docker.io/library/nginx@" + Hash)]
    [InlineData("nginx:1.25@" + Hash, "docker.io/library/nginx:1.25@" + Hash)]
    [InlineData("team/a_b__c-d--e.f:T_a.g-1", "docker.io/team/a_b__c-d--e.f:T_a.g-1")]
    public void Parse_ValidReference_IsCompleted(string text, string expected)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal(expected, reference.ToString());
        Assert.Equal(reference, ImageReference.Parse(expected));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("team/UPPER", "lower case")]
    [InlineData("nginx:", "tag")]
    [InlineData("nginx:-x", "tag")]
    [InlineData("nginx: x", "tag")]
    [InlineData("a//b", "component")]
    [InlineData("/a", "component")]
    [InlineData("a/", "component")]
    [InlineData("a..b", "component")]
    [InlineData("a___b", "component")]
    [InlineData("a._b", "component")]
    [InlineData("-a", "component")]
    [InlineData("nginx@sha256:123", "64 lower-case hex")]
    [InlineData("nginx@md5:d41d8cd98f00b204e9800998ecf8427e", "unknown algorithm")]
    [InlineData("nginx@", "algorithm:hex")]
    [InlineData("host:port/app", "port")]
    [InlineData("host:99999/app", "port")]
    [InlineData("-host.com/app", "host")]
    [InlineData("[::1/app", "IPv6")]
    [InlineData("[::1%eth0]/app", "IPv6")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "image id")]
    [InlineData("https://host/app", "")]
    public void Parse_MalformedReference_SaysWhy(string text, string reason)
    {
        var error = Assert.Throws<FormatException>(() => ImageReference.Parse(text));

        Assert.Contains(reason, error.Message);
        Assert.Contains(text, error.Message);
        Assert.Null(ImageReference.TryParse(text));
    }

    [Fact]
    public void Parse_NameTooLong_IsRefused() =>
        Assert.Contains("255", Assert.Throws<FormatException>(() => ImageReference.Parse(new string('a', 256))).Message);

    [Fact]
    public void Canonical_TagAndDigest_DropsTheTag()
    {
        var reference = ImageReference.Parse($"nginx:1.25@{Hash}").Canonical();

        Assert.Equal($"docker.io/library/nginx@{Hash}", reference.ToString());
    }
}
