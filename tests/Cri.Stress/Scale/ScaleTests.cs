using System.Diagnostics;
using Cri.Api.V1;
using Cri.Stress.Soak;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Xunit;
using Xunit.Abstractions;

namespace Cri.Stress.Scale;

/// <summary>
/// Many pods of two containers each that only sleep: 50, or as many as CRISP_SCALE_PODS says. The server holds them in a bounded
/// share of memory each, lists them, and all of them go again.
/// </summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    private const int ContainersEach = 2;
    private const int AtOnce = 4;

    // What the server may keep of a pod and its containers, beside what it has anyway and what garbage there is just then.
    private const long PerPodKiB = 128;
    private const long BesideKiB = 48 << 10;
    private const long ShimPssKiB = 4 << 10;

    [Fact]
    public async Task Crispd_WithManyPods_HoldsListsAndRemovesThem()
    {
        await using var endpoint = await CriEndpoint.StartAsync();
        if (endpoint.Crispd is not { } crispd)
        {
            return;
        }

        var before = ProcessFootprint.Of(crispd.ProcessId);
        var watch = Stopwatch.StartNew();
        var pods = new List<TestPod>();
        await Parallel.ForEachAsync(Enumerable.Range(0, StressOptions.Pods), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, _) =>
        {
            var pod = await StartAsync(endpoint);
            lock (pods)
            {
                pods.Add(pod);
            }
        });
        var started = watch.Elapsed;

        var listed = await endpoint.Runtime.ListContainersAsync(new ListContainersRequest());
        var times = await ListTimesAsync(endpoint);
        var stats = await endpoint.Runtime.ListPodSandboxStatsAsync(new ListPodSandboxStatsRequest());
        var held = ProcessFootprint.Of(crispd.ProcessId);
        var shims = new List<ProcessFootprint>();
        foreach (var pod in pods.Take(50))
        {
            shims.Add(ProcessFootprint.Of(await pod.ShimPidAsync()));
        }

        watch.Restart();
        await Parallel.ForEachAsync(pods, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (pod, _) => await pod.DisposeAsync());
        var lines = new[]
        {
            $"{pods.Count} pods, {pods.Count * ContainersEach} containers: started in {started.TotalSeconds:0} s, removed in {watch.Elapsed.TotalSeconds:0} s",
            $"server: RSS {before.RssKiB} KiB before, {held.RssKiB} KiB with them, private dirty {held.PrivateDirtyKiB} KiB, {held.Descriptors} files, {held.Threads} threads",
            $"shim: RSS {shims.Average(shim => shim.RssKiB):0} KiB, PSS {shims.Average(shim => shim.PssKiB):0} KiB, private dirty {shims.Average(shim => shim.PrivateDirtyKiB):0} KiB",
            $"ListContainers: {times[times.Length / 2].TotalMilliseconds:0.00} ms, the median of {times.Length}",
        };
        Array.ForEach(lines, output.WriteLine);
        await File.AppendAllLinesAsync(Artifacts.File("stress.txt"), lines);

        Assert.Equal(pods.Count * ContainersEach, listed.Containers.Count(container => container.State == ContainerState.ContainerRunning));
        Assert.Equal(pods.Count, stats.Stats.Count);
        Assert.True(held.RssKiB - before.RssKiB < BesideKiB + (PerPodKiB * pods.Count), string.Join('\n', lines));
        Assert.True(shims.Average(shim => shim.PssKiB) < ShimPssKiB, string.Join('\n', lines));
        await endpoint.Leaks.AssertNothingAsync();
    }

    private static async Task<TestPod> StartAsync(CriEndpoint endpoint)
    {
        // The host's network: a test network has fewer addresses than there may be pods.
        var pod = await TestPod.RunAsync(endpoint, config => config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node);
        for (var container = 0; container < ContainersEach; container++)
        {
            await pod.StartAsync(["sleep", "1000000"]);
        }

        return pod;
    }

    private static async Task<TimeSpan[]> ListTimesAsync(CriEndpoint endpoint)
    {
        var times = new TimeSpan[21];
        for (var number = 0; number < times.Length; number++)
        {
            var watch = Stopwatch.StartNew();
            await endpoint.Runtime.ListContainersAsync(new ListContainersRequest());
            times[number] = watch.Elapsed;
        }

        Array.Sort(times);
        return times;
    }
}
