using System.Diagnostics.Metrics;

namespace Cri.ImageService;

/// <summary>The counters of pulls, by the host that was asked or, for what concerns a whole image, by the reference's registry.</summary>
internal sealed class PullMetrics : IDisposable
{
    // Under this name all of Crisp's metrics are published.
    private readonly Meter _meter = new("crisp");
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _parts;
    private readonly Histogram<double> _blobSeconds;
    private readonly Counter<long> _pulls;
    private readonly Histogram<double> _pullSeconds;
    private readonly Counter<long> _layers;

    /// <summary>Registers the instruments.</summary>
    internal PullMetrics()
    {
        _bytes = _meter.CreateCounter<long>("crisp_registry_bytes_total", "bytes", "Bytes of blobs received, by host.");
        _retries = _meter.CreateCounter<long>("crisp_registry_retries_total", description: "Requests and transfers that failed and were tried again or elsewhere, by host.");
        _parts = _meter.CreateCounter<long>("crisp_registry_parallel_parts_total", description: "Parts of blobs that were fetched beside their main stream, by host.");
        _blobSeconds = _meter.CreateHistogram<double>("crisp_registry_blob_seconds", "s", "Time from the first request for a blob to its last byte, by host.");
        _pulls = _meter.CreateCounter<long>("crisp_image_pulls_total", description: "Pulls by registry and status code; those that joined another are not counted.");
        _pullSeconds = _meter.CreateHistogram<double>("crisp_image_pull_seconds", "s", "Time of pulls that succeeded, by registry.");
        _layers = _meter.CreateCounter<long>("crisp_image_layers_total", description: "Layers that pulls needed, by registry and where they came from: transfer or cache.");
    }

    internal void CountBytes(string host, int count) => _bytes.Add(count, Host(host));

    internal void CountRetry(string host) => _retries.Add(1, Host(host));

    internal void CountPart(string host) => _parts.Add(1, Host(host));

    internal void CountBlob(string host, TimeSpan elapsed) => _blobSeconds.Record(elapsed.TotalSeconds, Host(host));

    /// <summary>One pull that ended with a status, or that succeeded when it is <c>OK</c>.</summary>
    internal void CountPull(string registry, string code, TimeSpan elapsed)
    {
        _pulls.Add(1, Host(registry), new("code", code));
        if (code == "OK")
        {
            _pullSeconds.Record(elapsed.TotalSeconds, Host(registry));
        }
    }

    /// <summary>The layers that a pull needed.</summary>
    internal void CountLayers(string registry, int present, int missing)
    {
        _layers.Add(present, Host(registry), new("source", "cache"));
        _layers.Add(missing, Host(registry), new("source", "transfer"));
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Host(string name) => new("host", name);
}
