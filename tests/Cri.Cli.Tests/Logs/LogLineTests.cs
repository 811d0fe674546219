using System.Text;
using Cri.Cli.Logs;
using Xunit;

namespace Cri.Cli.Tests.Logs;

public sealed class LogLineTests
{
    [Theory]
    [InlineData("2026-01-02T03:04:05.123456789Z stdout F hello world", false, true, "hello world")]
    [InlineData("2026-01-02T03:04:05.1Z stderr P piece", true, false, "piece")]
    [InlineData("2026-01-02T03:04:05Z stdout F ", false, true, "")]
    [InlineData("2026-01-02T03:04:05Z stdout F  two  spaces ", false, true, " two  spaces ")]
    [InlineData("2026-01-02T03:04:05Z stdout P:x more", false, false, "more")]
    [InlineData("2026-01-02T03:04:05Z stdwhat F text", false, true, "2026-01-02T03:04:05Z stdwhat F text")]
    [InlineData("2026-01-02T03:04:05Z stdout X text", false, true, "2026-01-02T03:04:05Z stdout X text")]
    [InlineData("garbage", false, true, "garbage")]
    [InlineData("", false, true, "")]
    public void Parse_AnyLine_KeepsItsText(string line, bool isError, bool isFull, string text)
    {
        var parsed = LogLine.Parse(Encoding.UTF8.GetBytes(line));
        Assert.Equal((isError, isFull, text), (parsed.IsError, parsed.IsFull, Encoding.UTF8.GetString(parsed.Text.Span)));
    }
}
