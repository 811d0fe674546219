using Xunit;

namespace Cri.Stress.Soak;

public sealed class TrendTests
{
    [Fact]
    public void Growth_OfNoiseAndBursts_IsNearZero()
    {
        var random = new Random(1);
        var samples = Enumerable.Range(0, 60).Select(index => 20_000L + random.Next(800) + (index % 11 == 0 ? 9_000 : 0));

        Assert.InRange(new Trend([.. samples]).Growth, -500, 500);
    }

    [Fact]
    public void Growth_OfASteadyLeakUnderNoise_IsTheLeak()
    {
        var random = new Random(1);
        var samples = Enumerable.Range(0, 60).Select(index => 20_000L + (100 * index) + random.Next(800));

        Assert.InRange(new Trend([.. samples]).Growth, 3_000, 7_000);
    }

    [Fact]
    public void Growth_OfACacheThatFillsAtOnce_IsNotTheJump()
    {
        var samples = Enumerable.Range(0, 60).Select(index => index < 6 ? 10_000L : 20_000L);

        Assert.InRange(new Trend([.. samples]).Growth, -100, 100);
    }
}
