using Cri.Api.CrispV1;
using Cri.Cli.Progress;
using Xunit;

namespace Cri.Cli.Tests.Progress;

public sealed class LayerTableTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Lines_NoLayersYet_SaysWhatIsDone() =>
        Assert.Equal(["pulling app: asking  1s"], new LayerTable("pulling app").Lines(_second, 80, 24));

    [Fact]
    public void Lines_TwoReadings_HaveBarsRatesAndWhatIsLeft()
    {
        var table = new LayerTable("pulling app");
        table.Update(Progress((1_000_000, 0, LayerState.LayerDownloading), (500_000, 500_000, LayerState.LayerPresent)), TimeSpan.Zero);
        table.Update(Progress((1_000_000, 250_000, LayerState.LayerDownloading), (500_000, 500_000, LayerState.LayerPresent)), _second);

        var lines = table.Lines(_second, 80, 24);

        Assert.Equal(3, lines.Count);
        Assert.Matches("^0000000000000  downloading  █+░+ +250kB / 1.00MB  250kB/s", lines[0]);
        Assert.Equal("0000000000001  present      500kB", lines[1]);
        Assert.Equal("pulling app: 1/2 layers  750kB / 1.50MB  250kB/s  1s  3s left", lines[2]);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Lines_AnyWidth_FitTheScreen(int columns)
    {
        var table = new LayerTable("pulling registry.example.com/a/rather/long/name:with-a-tag");
        table.Update(Progress((1_000_000, 250_000, LayerState.LayerDownloading), (0, 0, LayerState.LayerWaiting)), _second);

        Assert.All(table.Lines(_second, columns, 24), line => Assert.True(line.Length <= columns));
    }

    [Fact]
    public void Lines_MoreLayersThanRows_ShowThoseThatMove()
    {
        var layers = Enumerable.Range(0, 40).Select(i => (100ul, i < 30 ? 100ul : 0, i < 30 ? LayerState.LayerDone : LayerState.LayerWaiting)).ToArray();
        layers[35] = (100, 50, LayerState.LayerDownloading);
        var table = new LayerTable("pulling app");
        table.Update(Progress(layers), _second);

        var lines = table.Lines(_second, 80, 6);

        Assert.Equal(6, lines.Count);
        Assert.Contains(lines, line => line.Contains("downloading"));
        Assert.Equal("36 more layers, 30 done", lines[4]);
        Assert.StartsWith("pulling app: 30/40 layers", lines[5]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lines_HardlyAnyRows_AreNeverExceeded(int rows)
    {
        var table = new LayerTable("pulling app");
        table.Update(Progress([.. Enumerable.Repeat((100ul, 50ul, LayerState.LayerDownloading), 9)]), _second);

        Assert.True(table.Lines(_second, 80, rows).Count <= rows);
    }

    private static PullProgress Progress(params (ulong Size, ulong Done, LayerState State)[] layers)
    {
        var progress = new PullProgress();
        progress.Layers.AddRange(layers.Select((layer, index) =>
            new LayerProgress { Digest = $"sha256:{index:d13}ff", Size = layer.Size, Done = layer.Done, State = layer.State }));
        return progress;
    }
}
