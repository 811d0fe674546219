using Cri.ImageService.Layers;

namespace Cri.ImageService.Tests.Layers;

public sealed class UnpackMeterTests
{
    [Fact]
    public void AddBytes_LayerTooLarge_NamesLimitAndSeen()
    {
        var meter = new UnpackMeter(new LayerLimits { LayerBytes = 2 << 20 }, 1000, new UnpackedTotals());
        meter.AddBytes(2 << 20);

        var error = Assert.Throws<LayerFormatException>(() => meter.AddBytes(1));

        Assert.Equal("it exceeds images.limits.layerMiB, 2: the layer unpacks to at least 2097153 bytes", error.Message);
    }

    [Fact]
    public void AddBytes_ImageTooLarge_CountsAllLayers()
    {
        var (limits, image) = (new LayerLimits { ImageBytes = 1 << 20 }, new UnpackedTotals());
        new UnpackMeter(limits, 1, image).AddBytes(1 << 20);

        Assert.Contains("images.limits.imageMiB, 1:", Assert.Throws<LayerFormatException>(() => new UnpackMeter(limits, 1, image).AddBytes(1)).Message);
    }

    [Fact]
    public void AddBytes_RatioTooHigh_CountsAboveTheFloorOnly()
    {
        var meter = new UnpackMeter(new LayerLimits { Ratio = 10 }, 1000, new UnpackedTotals());
        meter.AddBytes((int)LayerLimits.RatioFloor);

        Assert.Contains("images.limits.ratio, 10: 1000 compressed bytes", Assert.Throws<LayerFormatException>(() => meter.AddBytes(1)).Message);
    }

    [Fact]
    public void AddEntry_TooMany_NamesTheLimit()
    {
        var image = new UnpackedTotals();
        var meter = new UnpackMeter(new LayerLimits { LayerEntries = 2, ImageEntries = 3 }, 1, image);
        meter.AddEntry();
        meter.AddEntry();

        Assert.Contains("images.limits.layerEntries, 2: the layer has at least 3 entries", Assert.Throws<LayerFormatException>(meter.AddEntry).Message);
        Assert.Contains("images.limits.imageEntries, 2", Assert.Throws<LayerFormatException>(new UnpackMeter(new LayerLimits { ImageEntries = 2 }, 1, image).AddEntry).Message);
    }
}
