using Cri.RuntimeService.Lifecycle;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public class BlockingStepsTests
{
    private readonly BlockingSteps _steps = new();

    [Fact]
    public async Task RunAsync_SameStepUnderWay_IsJoined()
    {
        using var gate = new ManualResetEventSlim();
        var runs = 0;
        var first = RunAsync(() =>
        {
            Interlocked.Increment(ref runs);
            gate.Wait();
        });
        var second = RunAsync(() => Interlocked.Increment(ref runs));

        gate.Set();
        await Task.WhenAll(first, second);

        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task RunAsync_AfterAFailure_RunsAgain()
    {
        Assert.Equal("no", (await Assert.ThrowsAsync<IOException>(() => RunAsync(() => throw new IOException("no")))).Message);

        var ran = false;
        await RunAsync(() => ran = true);

        Assert.True(ran);
    }

    private Task RunAsync(Action action) => _steps.RunAsync("remove", "/a", action, CancellationToken.None);
}
