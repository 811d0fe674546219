using Cri.RuntimeService.Metrics;
using Google.Protobuf.Collections;
using Xunit;

namespace Cri.RuntimeService.Tests.Metrics;

public sealed class MetricFamilyTests
{
    [Fact]
    public void Families_All_HaveNamesOfTheirOwnAndWords()
    {
        var families = PodMetricsReader.Families;

        Assert.Equal(families.Count, families.Select(family => family.Name).Distinct().Count());
        Assert.All(families, family => Assert.Matches("^container_[a-z0-9_]+$", family.Name));
        Assert.All(families, family => Assert.NotEmpty(family.Help));
        Assert.All(
            families.Where(family => family.Type == V1.MetricType.Counter && family.Name != "container_memory_failcnt"),
            family => Assert.EndsWith("_total", family.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void Descriptor_OfAMetricWithLabels_HasTheBaseLabelsFirst()
    {
        var family = MetricFamily("container_x", "interface");

        Assert.Equal(["pod", "namespace", "container", "id", "image", "interface"], family.Descriptor.LabelKeys);
    }

    [Fact]
    public void Add_WithLabels_PutsThemAfterTheBaseLabels()
    {
        var samples = new RepeatedField<V1.Metric>();

        new MetricSamples(samples, "p", "n", "c", "i", "m").Add(MetricFamily("container_x", "interface"), 7, "eth0");

        var sample = Assert.Single(samples);
        Assert.Equal(["p", "n", "c", "i", "m", "eth0"], sample.LabelValues);
        Assert.Equal(7u, sample.Value.Value);
        Assert.True(sample.Timestamp > 0);
    }

    [Fact]
    public void Add_OfAnUnknownValue_AddsNothing()
    {
        var samples = new RepeatedField<V1.Metric>();

        new MetricSamples(samples, "p", "n", "c", "i", "m").Add(MetricFamily("container_x"), null);

        Assert.Empty(samples);
    }

    [Fact]
    public void Add_WithOtherLabelsThanTheFamilyHas_Throws() => Assert.Throws<ArgumentException>(() =>
        new MetricSamples([], "p", "n", "c", "i", "m").Add(MetricFamily("container_x", "device"), 1));

    private static MetricFamily MetricFamily(string name, params string[] labels) => new(name, V1.MetricType.Gauge, "words", labels);
}
