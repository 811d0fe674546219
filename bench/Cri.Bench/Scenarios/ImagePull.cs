using System.Diagnostics;
using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>Pulls of one image: with nothing of it on disk nor in the page cache, and with all of it there.</summary>
public sealed class ImagePull(BenchOptions options) : IScenario
{
    private readonly V1.ImageSpec _image = new() { Image = options.PullImage };

    /// <inheritdoc/>
    public string Name => "pull";

    /// <inheritdoc/>
    public int MostRounds => 5;

    /// <inheritdoc/>
    public Task PrepareAsync(Endpoint endpoint) => RemoveAsync(endpoint);

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        await DropCachesAsync();
        endpoint.Server.ResetPeak();
        var cpu = endpoint.Server.CpuSeconds();
        await PullAsync(endpoint, measurements, "cold pull");
        measurements.Add(new Figure(Name, "CPU of a cold pull", "s"), endpoint.Name, endpoint.Server.CpuSeconds() - cpu);
        measurements.Add(new Figure(Name, "peak RSS of the server", "MB"), endpoint.Name, endpoint.Server.PeakMemory());
        await PullAsync(endpoint, measurements, "pull of what is there");
        await RemoveAsync(endpoint);
    }

    /// <inheritdoc/>
    public Task CleanAsync(Endpoint endpoint) => Task.CompletedTask;

    private Task PullAsync(Endpoint endpoint, Measurements measurements, string what) => measurements.TimeAsync(
        new Figure(Name, what, "ms"), endpoint.Name, () => endpoint.Images.PullImageAsync(new V1.PullImageRequest { Image = _image }).ResponseAsync);

    private async Task RemoveAsync(Endpoint endpoint)
    {
        await endpoint.Images.RemoveImageAsync(new V1.RemoveImageRequest { Image = _image });
        await endpoint.Server.QuietAsync();
    }

    private static async Task DropCachesAsync()
    {
        using var sync = Process.Start("sync");
        await sync.WaitForExitAsync();
        await File.WriteAllTextAsync("/proc/sys/vm/drop_caches", "3");
    }
}
