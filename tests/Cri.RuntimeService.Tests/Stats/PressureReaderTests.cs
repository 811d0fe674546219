using Cri.RuntimeService.Stats;
using Xunit;

namespace Cri.RuntimeService.Tests.Stats;

public sealed class PressureReaderTests
{
    [Fact]
    public void Parse_OfBothLines_HasAveragesAndTotalsInNanoseconds()
    {
        var stats = PressureReader.Parse("some avg10=85.90 avg60=42.30 avg300=20.25 total=6338820585\nfull avg10=0.00 avg60=1.50 avg300=0.00 total=7\n"u8);

        Assert.Equal(new V1.PsiData { Avg10 = 85.90, Avg60 = 42.30, Avg300 = 20.25, Total = 6338820585000 }, stats.Some);
        Assert.Equal(new V1.PsiData { Avg60 = 1.50, Total = 7000 }, stats.Full);
    }

    // Before Linux 5.13 cpu.pressure has no second line.
    [Fact]
    public void Parse_WithoutFull_LeavesItOut() =>
        Assert.Null(PressureReader.Parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"u8).Full);
}
