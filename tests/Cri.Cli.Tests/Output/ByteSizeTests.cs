using Cri.Cli.Output;
using Xunit;

namespace Cri.Cli.Tests.Output;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0B")]
    [InlineData(999, "999B")]
    [InlineData(1000, "1.00kB")]
    [InlineData(12_345, "12.3kB")]
    [InlineData(999_499, "999kB")]
    [InlineData(999_999, "1.00MB")]
    [InlineData(187_654_321, "188MB")]
    [InlineData(ulong.MaxValue, "18446744TB")]
    public void Of_Bytes_HasThreeDigits(ulong bytes, string text) => Assert.Equal(text, ByteSize.Of(bytes));
}
