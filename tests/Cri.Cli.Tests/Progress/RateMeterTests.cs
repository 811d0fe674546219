using Cri.Cli.Progress;
using Xunit;

namespace Cri.Cli.Tests.Progress;

public sealed class RateMeterTests
{
    [Fact]
    public void Rate_NothingSeen_IsZero() => Assert.Equal(0, new RateMeter().Rate(TimeSpan.FromSeconds(1)));

    [Fact]
    public void Rate_Steady_IsBytesPerSecond()
    {
        var meter = new RateMeter();
        for (var second = 0; second <= 10; second++)
        {
            meter.Add(TimeSpan.FromSeconds(second), (ulong)second * 100);
        }

        Assert.Equal(100, meter.Rate(TimeSpan.FromSeconds(10)), 1);
    }

    [Fact]
    public void Rate_StandsStill_Falls()
    {
        var meter = new RateMeter();
        meter.Add(TimeSpan.Zero, 0);
        meter.Add(TimeSpan.FromSeconds(1), 100);

        Assert.True(meter.Rate(TimeSpan.FromSeconds(10)) <= 10);
    }

    [Fact]
    public void Rate_StartedAnew_IsNotNegative()
    {
        var meter = new RateMeter();
        meter.Add(TimeSpan.Zero, 100);
        meter.Add(TimeSpan.FromSeconds(1), 10);

        Assert.Equal(0, meter.Rate(TimeSpan.FromSeconds(1)));
    }
}
