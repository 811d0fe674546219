using Cri.RuntimeService.Stats;
using Xunit;

namespace Cri.RuntimeService.Tests.Stats;

public sealed class CpuRateTests
{
    private const long Second = 1_000_000_000;
    private const long Start = 40 * Second;
    private readonly CpuRate _rate = new();

    [Fact]
    public void Next_TheFirstTime_HasNoRate() => Assert.Null(_rate.Next(5_000, Start));

    [Fact]
    public void Next_AfterTenSecondsOfHalfACore_IsHalfACore()
    {
        _rate.Next(1_000, Start);

        Assert.Equal(500_000_000u, _rate.Next(1_000 + (5 * Second), Start + (10 * Second)));
    }

    [Fact]
    public void Next_OfReadersInQuickSuccession_GivesTheSameAnswer()
    {
        _rate.Next(0, Start);
        Assert.Null(_rate.Next(1000, Start + (Second / 20)));

        Assert.Equal(1_000_000_000u, _rate.Next((ulong)Second, Start + Second));
        Assert.Equal(1_000_000_000u, _rate.Next((ulong)Second, Start + Second + (Second / 20)));
    }

    [Fact]
    public void Next_AfterACounterThatWentBack_HasNoRateOnce()
    {
        _rate.Next(100, Start);

        Assert.Null(_rate.Next(50, Start + Second));
        Assert.Equal(0u, _rate.Next(50, Start + (2 * Second)));
    }

    [Fact]
    public void Next_AfterAnHour_HasNoRate()
    {
        _rate.Next(100, Start);

        Assert.Null(_rate.Next(200, Start + (3600 * Second)));
    }
}
