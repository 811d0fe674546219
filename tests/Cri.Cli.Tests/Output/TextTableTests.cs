using Cri.Cli.Output;
using Xunit;

namespace Cri.Cli.Tests.Output;

public sealed class TextTableTests
{
    [Fact]
    public void ToString_Rows_AreAlignedWithoutTrailingSpaces()
    {
        var table = new TextTable("NAME", "STATE", "X");
        table.Add("a-long-name", "ok", "1");
        table.Add("b", "", "");
        Assert.Equal(
            """
            NAME         STATE  X
            a-long-name  ok     1
            b            -      -

            """,
            table.ToString());
    }

    [Fact]
    public void ToString_NoRows_IsTheHeading() => Assert.Equal("A  B\n", new TextTable("A", "B").ToString());
}
