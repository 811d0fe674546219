using Cri.Grpc.Wire;
using Xunit;

namespace Cri.Grpc.Tests.Wire;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("4m", 40_000)]
    [InlineData("5u", 50)]
    [InlineData("600n", 6)]
    [InlineData("1n", 1)]
    [InlineData("0S", 0)]
    [InlineData("99999999H", 24L * 864_000_000_000)]
    public void TryParse_WellFormed_GivesTicks(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData(" 1S")]
    [InlineData("+1S")]
    [InlineData("1.5S")]
    [InlineData("999999999S")]
    public void TryParse_Malformed_IsFalse(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Theory]
    [InlineData(0, "1n")]
    [InlineData(-5, "1n")]
    [InlineData(1, "1u")]
    [InlineData(10_000_000, "1000000u")]
    [InlineData(1_200_000_000, "120000m")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Format_AnyTicks_FitsEightDigits(long ticks, string text) => Assert.Equal(text, GrpcTimeout.Format(TimeSpan.FromTicks(ticks)));
}
