using Cri.Oci.Images;
using Xunit;

namespace Cri.Oci.Tests.Images;

public sealed class PlatformSelectorTests
{
    [Theory]
    [InlineData("linux/amd64", "linux/arm64 linux/amd64", "linux/amd64")]
    [InlineData("linux/amd64", "linux/amd64/v3 linux/amd64", "linux/amd64")]
    [InlineData("linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4", "linux/amd64/v2")]
    [InlineData("linux/arm64", "linux/arm64/v8", "linux/arm64/v8")]
    [InlineData("linux/arm64/v8", "linux/arm64", "linux/arm64")]
    [InlineData("linux/arm/v7", "linux/arm/v5 linux/arm/v6 linux/arm/v8", "linux/arm/v6")]
    [InlineData("linux/amd64", "windows/amd64 linux/x86_64", "linux/x86_64")]
    public void TrySelect_SeveralPlatforms_ChoosesTheBestThatRuns(string wanted, string offered, string expected)
    {
        Assert.True(PlatformSelector.TrySelect(Index(offered), Platform.Parse(wanted), out var chosen));

        Assert.Equal(expected, chosen.Platform!.ToString());
    }

    [Theory]
    [InlineData("linux/amd64", "windows/amd64 linux/arm64")]
    [InlineData("linux/amd64", "linux/amd64/v3")]
    [InlineData("linux/amd64", "unknown/unknown")]
    [InlineData("linux/amd64", "")]
    public void TrySelect_NothingThatRuns_IsFalse(string wanted, string offered) =>
        Assert.False(PlatformSelector.TrySelect(Index(offered), Platform.Parse(wanted), out _));

    [Fact]
    public void TrySelect_EntryWithoutPlatform_IsTakenWhenNothingBetterIs()
    {
        var index = new ImageIndex { Manifests = [Descriptor(null), Descriptor(Platform.Parse("linux/arm64"))] };

        Assert.True(PlatformSelector.TrySelect(index, Platform.Parse("linux/amd64"), out var chosen));
        Assert.Null(chosen.Platform);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"architecture":"amd64"}""")]
    [InlineData("""{"os":"linux"}""")]
    public void TrySelect_PlatformThatSaysTooLittle_IsNotTaken(string platform)
    {
        var json = $$"""{"manifests":[{"digest":"{{Digest.OfSha256("x"u8)}}","size":1,"platform":{{platform}}}]}""";
        var index = System.Text.Json.JsonSerializer.Deserialize(json, ImageJson.Default.ImageIndex)!;

        Assert.False(PlatformSelector.TrySelect(index, Platform.Parse("linux/amd64"), out _));
    }

    private static ImageIndex Index(string platforms) => new()
    {
        Manifests = [.. platforms.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => Descriptor(Platform.Parse(text)))],
    };

    private static Descriptor Descriptor(Platform? platform) => new()
    {
        MediaType = MediaTypes.OciManifest,
        Digest = Digest.OfSha256("x"u8),
        Size = 1,
        Platform = platform,
    };
}
