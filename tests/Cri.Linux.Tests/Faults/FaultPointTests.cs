using Cri.Linux.Faults;
using Xunit;

namespace Cri.Linux.Tests.Faults;

public sealed class FaultPointTests : IDisposable
{
    private readonly string _variable = $"CRISP_TEST_{Guid.NewGuid():N}";

    public void Dispose() => Environment.SetEnvironmentVariable(_variable, null);

    [Theory]
    [InlineData("one", "one", 1)]
    [InlineData("two:3", "two", 3)]
    public void Check_KnownPoint_TellsItsNameAndPassage(string value, string name, int passage)
    {
        Environment.SetEnvironmentVariable(_variable, value);

        Assert.Equal((name, passage), FaultPoint.Check(_variable, [new("one", "a"), new("two", "b")]));
    }

    [Theory]
    [InlineData("three", "no fault point \"three\"")]
    [InlineData("one:0", "\"0\" is not the number of a passage")]
    [InlineData("one:x", "\"x\" is not the number of a passage")]
    public void Check_UnknownPoint_SaysWhatIsWrong(string value, string words)
    {
        Environment.SetEnvironmentVariable(_variable, value);

        var error = Assert.Throws<ArgumentException>(() => FaultPoint.Check(_variable, [new("one", "a")]));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains($"{_variable}={value}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_NoVariable_IsNothing() => Assert.Null(FaultPoint.Check(_variable, FaultPoints.All));

    [Fact]
    public void Lists_NamePointsOnce()
    {
        var names = FaultPoints.All.Concat(ShimFaultPoints.All).Select(point => point.Name).ToList();

        Assert.Equal(names.Distinct(), names);
        Assert.All(names, name => Assert.Matches("^[a-z-]+\\.[a-z-]+$", name));
    }
}
