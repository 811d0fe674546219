using Xunit;

namespace Cri.Cli.Tests;

public sealed class DurationTests
{
    [Theory]
    [InlineData("90", 90)]
    [InlineData("30s", 30)]
    [InlineData("1.5m", 90)]
    [InlineData("2h", 7200)]
    [InlineData("0", 0)]
    public void TryParse_WellFormed_GivesSeconds(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1d")]
    [InlineData("1e9")]
    [InlineData("9999999h")]
    public void TryParse_Malformed_IsFalse(string text) => Assert.False(Duration.TryParse(text, out _));
}
