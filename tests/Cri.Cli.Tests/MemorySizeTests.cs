using Xunit;

namespace Cri.Cli.Tests;

public sealed class MemorySizeTests
{
    [Theory]
    [InlineData("100", 100L)]
    [InlineData("64Mi", 67_108_864L)]
    [InlineData("2G", 2_000_000_000L)]
    [InlineData("1k", 1000L)]
    [InlineData("-1", -1L)]
    [InlineData("", null)]
    [InlineData("Mi", null)]
    [InlineData("-5", null)]
    [InlineData("1.5Gi", null)]
    [InlineData("9999999999Gi", null)]
    public void Parse_Text_IsBytesOrNull(string text, long? bytes) => Assert.Equal(bytes, MemorySize.Parse(text));
}
