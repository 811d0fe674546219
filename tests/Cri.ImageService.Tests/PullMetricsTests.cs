using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cri.ImageService.Tests.Fixtures;

namespace Cri.ImageService.Tests;

public sealed class PullMetricsTests
{
    [Fact]
    public async Task PullAsync_Metrics_CountByHost()
    {
        var shared = new LayerTar().File("shared", "1").ToArray();
        var first = new TestImage().Layer(shared).Finish();
        var second = new TestImage().Layer(shared).Layer(new LayerTar().File("own", "1")).Finish();
        var own = second.LayerDigests[1];
        var asked = 0;
        using var registry = new ScriptedRegistry(request => request.Path.Contains(own.Hex) && Interlocked.Increment(ref asked) == 1
            ? new ScriptedAnswer(503, [])
            : null).Add(first, "counted", "one").Add(second, "counted", "two");
        var sums = new ConcurrentDictionary<string, double>();
        using var listener = Listen(registry.Host, sums);
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/counted:one");
        await node.PullAsync($"{registry.Host}/counted:two");
        await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/counted:none"));

        var bytes = first.Blobs[first.LayerDigests[0]].Length + second.Blobs[own].Length;
        Assert.Equal(bytes, sums["crisp_registry_bytes_total"]);
        Assert.Equal(1, sums["crisp_registry_retries_total"]);
        Assert.Equal(2, sums["crisp_image_pulls_total code=OK"]);
        Assert.Equal(1, sums["crisp_image_pulls_total code=NotFound"]);
        Assert.Equal(1, sums["crisp_image_layers_total source=cache"]);
        Assert.Equal(2, sums["crisp_image_layers_total source=transfer"]);
        Assert.True(sums["crisp_registry_blob_seconds"] > 0);
        Assert.True(sums["crisp_image_pull_seconds"] > 0);
    }

    // Other tests pull at the same time, from other hosts.
    private static MeterListener Listen(string host, ConcurrentDictionary<string, double> sums)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == "crisp")
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        return listener;

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var name = instrument.Name;
            var isOurs = false;
            foreach (var (key, text) in tags)
            {
                isOurs |= key == "host" && Equals(text, host);
                name += key == "host" ? "" : $" {key}={text}";
            }

            if (isOurs)
            {
                sums.AddOrUpdate(name, value, (_, sum) => sum + value);
            }
        }
    }
}
