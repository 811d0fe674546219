using Cri.ImageService.Layers;
using Cri.Server.Configuration;
using Xunit;

namespace Cri.Server.Tests.Configuration;

/// <summary><c>images.limits</c> and <c>images.maxParallelLayers</c>.</summary>
public sealed class ImageLimitsTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("crisp-limits-").FullName, "config.yaml");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [Fact]
    public void Load_Limits_InTheirUnits()
    {
        var images = Load("""
            images:
              maxParallelLayers: 5
              limits: {layerMiB: 3, imageMiB: 4, layerEntries: 5, imageEntries: 6, ratio: 7}
            """).Images;

        Assert.Equal(5, images.MaxParallelLayers);
        Assert.Equal(new LayerLimits { LayerBytes = 3 << 20, ImageBytes = 4 << 20, LayerEntries = 5, ImageEntries = 6, Ratio = 7 }, images.Limits);
    }

    [Fact]
    public void Load_NoLimits_KeepsTheDefaults() => Assert.Equal(new LayerLimits(), Load("images: {}").Images.Limits);

    [Theory]
    [InlineData("limits: {layerMiB: 0}", "images.limits.layerMiB")]
    [InlineData("limits: {layerGiB: 1}", "images.limits.layerGiB")]
    [InlineData("maxParallelLayers: 0", "images.maxParallelLayers")]
    public void Load_Mistake_IsNamed(string yaml, string key) =>
        Assert.Contains(key, Assert.Throws<ConfigurationException>(() => Load($"images:\n  {yaml}")).Message, StringComparison.Ordinal);

    private CrispConfiguration Load(string yaml)
    {
        File.WriteAllText(_file, yaml);
        return ConfigurationLoader.Load(new CommandLine { ConfigFile = _file });
    }
}
