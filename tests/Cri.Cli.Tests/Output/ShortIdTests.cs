using Cri.Cli.Output;
using Xunit;

namespace Cri.Cli.Tests.Output;

public sealed class ShortIdTests
{
    [Theory]
    [InlineData("sha256:0123456789abcdef0123", "0123456789abc")]
    [InlineData("0123456789abcdef0123", "0123456789abc")]
    [InlineData("short", "short")]
    public void Of_Id_IsThirteenDigits(string id, string text) => Assert.Equal(text, ShortId.Of(id));

    [Fact]
    public void OfImage_Reference_Stays() => Assert.Equal("docker.io/library/nginx:1", ShortId.OfImage("docker.io/library/nginx:1"));
}
