using Cri.ImageService.Transfer.Import;

namespace Cri.ImageService.Tests.Transfer;

public sealed class ImportNamingTests
{
    [Theory]
    [InlineData("", "docker.io/library/app:1", "docker.io/library/app:1")]
    [InlineData("", "app:1", "docker.io/library/app:1")]
    [InlineData("", "example.com/app:1", "example.com/app:1")]
    [InlineData("", "latest", "")]
    [InlineData("", "v1.2", "")]
    [InlineData("", "Not//a name", "")]
    [InlineData("example.com/app", "latest", "example.com/app:latest")]
    [InlineData("example.com/app", "other.example/x:7", "example.com/app:7")]
    [InlineData("example.com/app", "", "example.com/app:latest")]
    [InlineData("example.com/app:9", "latest", "example.com/app:9")]
    [InlineData("example.com:5000/app", "2", "example.com:5000/app:2")]
    public void NamesOf_OneImage_AreThese(string asked, string given, string expected)
    {
        var names = ImportNaming.Parse(asked).NamesOf(given.Length > 0 ? [given] : [], 1);

        Assert.Equal(expected, string.Join(' ', names));
    }

    [Fact]
    public void NamesOf_OneNameForTwoImages_IsRefused()
    {
        var error = Assert.Throws<ImageException>(() => ImportNaming.Parse("example.com/app:1").NamesOf(["a"], 2));

        Assert.Contains("holds 2 images", error.Message);
    }

    [Theory]
    [InlineData("app/UPPER")]
    [InlineData("app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Parse_NoName_IsRefused(string asked) => Assert.Throws<ImageException>(() => ImportNaming.Parse(asked));
}
