using Cri.ImageService.Layers;
using Cri.ImageService.Transfer.Archives;

namespace Cri.ImageService.Tests.Transfer;

public sealed class ArchiveNameTests
{
    [Theory]
    [InlineData("index.json", "index.json")]
    [InlineData("./index.json", "index.json")]
    [InlineData("/blobs//sha256/a", "blobs/sha256/a")]
    [InlineData("a/../b", "b")]
    public void Normal_NameInside_HasOneForm(string written, string expected) => Assert.Equal(expected, ArchiveName.Normal(written));

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("a\0b")]
    public void Normal_NameOutside_IsRefused(string written) => Assert.Throws<LayerFormatException>(() => ArchiveName.Normal(written));

    [Theory]
    [InlineData("a/layer.tar", "../b/layer.tar", "b/layer.tar")]
    [InlineData("layer.tar", "b.tar", "b.tar")]
    public void Follow_LinkInside_LeadsThere(string link, string target, string expected) => Assert.Equal(expected, ArchiveName.Follow(link, target));

    [Theory]
    [InlineData("a/layer.tar", "/etc/passwd")]
    [InlineData("a/layer.tar", "../../etc/passwd")]
    public void Follow_LinkOutside_IsRefused(string link, string target) =>
        Assert.Throws<LayerFormatException>(() => ArchiveName.Follow(link, target));
}
