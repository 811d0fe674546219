using System.Diagnostics;
using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>A pod with one container from start to removal, each call timed: one after the other, or four at once.</summary>
public sealed class PodLifecycle(BenchOptions options, int atOnce) : IScenario
{
    private const int PodsInARound = 4;

    /// <inheritdoc/>
    public string Name => atOnce == 1 ? "pod" : $"pod-x{atOnce}";

    /// <inheritdoc/>
    public int MostRounds => int.MaxValue;

    /// <inheritdoc/>
    public Task PrepareAsync(Endpoint endpoint) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < PodsInARound; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => OneAsync(endpoint, measurements)));
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        measurements.Add(new Figure(Name, "pods a second, start to removal", "/s", MoreIsBetter: true), endpoint.Name, PodsInARound * atOnce / seconds);
    }

    /// <inheritdoc/>
    public Task CleanAsync(Endpoint endpoint) => Task.CompletedTask;

    private async Task OneAsync(Endpoint endpoint, Measurements measurements)
    {
        Task<T> Timed<T>(string call, Func<Task<T>> run) => measurements.TimeAsync(new Figure(Name, call, "ms"), endpoint.Name, run);
        var pod = BenchPod.New(endpoint, options);
        await Timed("RunPodSandbox + CreateContainer + StartContainer", async () =>
        {
            await Timed("RunPodSandbox", pod.RunAsync);
            var container = await Timed("CreateContainer", () => pod.CreateAsync());
            return await Timed("StartContainer", () => pod.StartAsync(container));
        });
        await Timed("StopPodSandbox", pod.StopAsync);
        await Timed("RemovePodSandbox", pod.RemoveAsync);
    }
}
