using Cri.Cli.Output;
using Xunit;

namespace Cri.Cli.Tests.Output;

public sealed class AgeTests
{
    [Theory]
    [InlineData(-5, "now")]
    [InlineData(0.5, "now")]
    [InlineData(1, "1s ago")]
    [InlineData(119, "119s ago")]
    [InlineData(120, "2m ago")]
    [InlineData(7199, "119m ago")]
    [InlineData(7200, "2h ago")]
    [InlineData(172_800, "2d ago")]
    public void Of_Seconds_PicksOneUnit(double seconds, string text) => Assert.Equal(text, Age.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Of_Nanoseconds_CountsFromTheEpoch() =>
        Assert.Equal("3s ago", Age.Of(2_000_000_000, DateTimeOffset.UnixEpoch.AddSeconds(5)));

    [Fact]
    public void Of_Zero_IsEmpty() => Assert.Equal("", Age.Of(0, DateTimeOffset.UnixEpoch));
}
