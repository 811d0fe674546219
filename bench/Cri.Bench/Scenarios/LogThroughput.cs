using System.Diagnostics;
using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>A container that prints numbered lines as fast as it can; every one of them has to be in the log, in order.</summary>
public sealed class LogThroughput(BenchOptions options) : IScenario
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private readonly Dictionary<Endpoint, BenchPod> _pods = [];

    /// <inheritdoc/>
    public string Name => "logs";

    /// <inheritdoc/>
    public int MostRounds => int.MaxValue;

    /// <inheritdoc/>
    public async Task PrepareAsync(Endpoint endpoint) => _pods[endpoint] = await BenchPod.New(endpoint, options).RunAsync();

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        var pod = _pods[endpoint];
        var container = await pod.CreateAsync("seq", "1", $"{options.LogLines}");
        var cpu = endpoint.Server.CpuSeconds();
        var started = Stopwatch.GetTimestamp();
        await pod.StartAsync(container);
        var seconds = Stopwatch.GetElapsedTime(started, await WrittenAsync(pod.LastLog)).TotalSeconds;
        measurements.Add(new Figure(Name, "lines a second", "/s", MoreIsBetter: true), endpoint.Name, options.LogLines / seconds);
        if (endpoint.Server.HasCgroup)
        {
            measurements.Add(new Figure(Name, "CPU for a million lines", "s"), endpoint.Name, (endpoint.Server.CpuSeconds() - cpu) * 1e6 / options.LogLines);
        }

        measurements.Add(new Figure(Name, "lines lost or out of order", ""), endpoint.Name, Wrong(pod.LastLog));
        await endpoint.Runtime.RemoveContainerAsync(new V1.RemoveContainerRequest { ContainerId = container });
        File.Delete(pod.LastLog);
    }

    /// <inheritdoc/>
    public async Task CleanAsync(Endpoint endpoint) => await (await _pods[endpoint].StopAsync()).RemoveAsync();

    // Until the last line is there, or, as some runtimes lose lines, nothing has come for long; reading the end alone costs nothing.
    private async Task<long> WrittenAsync(string log)
    {
        var last = $" {options.LogLines}\n";
        var (size, changed) = (0L, Stopwatch.GetTimestamp());
        while (End(log, last.Length) != last && Stopwatch.GetElapsedTime(changed) < _patience)
        {
            await Task.Delay(5);
            var now = File.Exists(log) ? new FileInfo(log).Length : 0;
            (size, changed) = now == size ? (size, changed) : (now, Stopwatch.GetTimestamp());
        }

        return End(log, last.Length) == last ? Stopwatch.GetTimestamp() : changed;
    }

    private static string End(string log, int length)
    {
        if (!File.Exists(log))
        {
            return "";
        }

        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(Math.Max(0, file.Length - length), SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private int Wrong(string log)
    {
        var expected = 0;
        var wrong = 0;
        foreach (var line in File.ReadLines(log))
        {
            expected++;
            wrong += line.EndsWith($" F {expected}", StringComparison.Ordinal) ? 0 : 1;
        }

        return wrong + Math.Abs(options.LogLines - expected);
    }
}
