using System.Diagnostics.Metrics;
using Cri.Server.Metrics;
using Xunit;

namespace Cri.Server.Tests.Metrics;

public sealed class MetricsPageTests : IDisposable
{
    private readonly string _name = "test-" + Guid.NewGuid().ToString("n");
    private readonly Meter _meter;
    private readonly MetricsPage _page;

    public MetricsPageTests()
    {
        _meter = new Meter(_name);
        _page = new MetricsPage(_name);
    }

    public void Dispose()
    {
        _page.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void Render_NothingRecorded_IsEmpty() => Assert.Equal("", _page.Render());

    [Fact]
    public void Render_Counter_AddsUpByLabels()
    {
        var counter = _meter.CreateCounter<long>("calls.total", description: "Calls\nby \\ method.");

        counter.Add(1, Tag("method", "List"));
        counter.Add(2, Tag("method", "List"));
        counter.Add(1, Tag("method", "a\"b\\c\nd"));

        Assert.Equal(
            """
            # HELP calls_total Calls\nby \\ method.
            # TYPE calls_total counter
            calls_total{method="List"} 3
            calls_total{method="a\"b\\c\nd"} 1

            """,
            _page.Render());
    }

    [Fact]
    public void Render_Histogram_HasCumulativeBucketsSumAndCount()
    {
        var histogram = _meter.CreateHistogram<double>("seconds");

        histogram.Record(0.5);
        histogram.Record(0.0625);
        histogram.Record(100);

        var lines = _page.Render().Split('\n');
        Assert.Contains("# TYPE seconds histogram", lines);
        Assert.Contains("seconds_bucket{le=\"0.05\"} 0", lines);
        Assert.Contains("seconds_bucket{le=\"0.1\"} 1", lines);
        Assert.Contains("seconds_bucket{le=\"0.5\"} 2", lines);
        Assert.Contains("seconds_bucket{le=\"60\"} 2", lines);
        Assert.Contains("seconds_bucket{le=\"+Inf\"} 3", lines);
        Assert.Contains("seconds_sum 100.5625", lines);
        Assert.Contains("seconds_count 3", lines);
    }

    [Fact]
    public void Render_ObservableGauge_ShowsWhatIsThereNow()
    {
        var pods = new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 };
        _meter.CreateObservableGauge("pods", () => pods.Select(pair => new Measurement<int>(pair.Value, Tag("state", pair.Key))));
        Assert.Contains("pods{state=\"a\"} 1\n", _page.Render(), StringComparison.Ordinal);

        pods.Remove("a");

        Assert.Equal("# HELP pods \n# TYPE pods gauge\npods{state=\"b\"} 2\n", _page.Render());
    }

    [Fact]
    public void Render_UpDownCounter_GoesDown()
    {
        var counter = _meter.CreateUpDownCounter<int>("open");

        counter.Add(3);
        counter.Add(-2);

        Assert.Contains("# TYPE open gauge\nopen 1\n", _page.Render(), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_LabelsWithoutEnd_AreBounded()
    {
        var counter = _meter.CreateCounter<int>("many");

        for (var i = 0; i < 5000; i++)
        {
            counter.Add(1, Tag("id", $"{i}"));
        }

        var lines = _page.Render().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2 + 1000 + 1, lines.Length);
        Assert.Contains("many 4000", lines);
    }

    [Fact]
    public void Render_OtherMeters_AreLeftOut()
    {
        using var other = new Meter(_name + "-other");

        other.CreateCounter<int>("other").Add(1);

        Assert.Equal("", _page.Render());
    }

    private static KeyValuePair<string, object?> Tag(string key, string value) => new(key, value);
}
