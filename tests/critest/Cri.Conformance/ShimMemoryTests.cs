using Cri.Testing.Pods;
using Xunit;

namespace Cri.Conformance;

/// <summary>What a pod costs beside its own program: the shim, of which there is one for each.</summary>
public sealed class ShimMemoryTests : ConformanceTest
{
    // What the design allows, in KiB.
    private const long RssKiB = 5_000_000 / 1024;
    private const long PrivateDirtyKiB = 1_200_000 / 1024;

    [CrispdFact]
    public async Task Shim_OfAPodThatOnlyRuns_IsSmall()
    {
        var pod = await RunPodAsync();
        await pod.StartAsync(["sleep", "1000000"]);

        await IsSmallAsync(pod);
    }

    [CrispdFact]
    public async Task Shim_AfterExecsAndRestarts_IsSmallAgain()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000000"]);
        for (var i = 0; i < 50; i++)
        {
            await container.ExecAsync(["true"]);
        }

        for (var i = 0; i < 5; i++)
        {
            var ended = await pod.StartAsync(["true"]);
            await ended.ExitAsync();
            await ended.RemoveAsync();
        }

        await IsSmallAsync(pod);
    }

    private static async Task IsSmallAsync(TestPod pod)
    {
        var shim = await pod.ShimPidAsync();
        await Eventually.GetAsync(
            () => Task.FromResult(ProcessFootprint.Of(shim)),
            now => now.RssKiB <= RssKiB && now.PrivateDirtyKiB <= PrivateDirtyKiB,
            $"the shim holds no more than {RssKiB} KiB, of its own {PrivateDirtyKiB} KiB");
    }
}
