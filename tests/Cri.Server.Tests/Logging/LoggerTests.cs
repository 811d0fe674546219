using System.Text;
using Cri.Server.Logging;
using Xunit;

namespace Cri.Server.Tests.Logging;

public sealed class LoggerTests : IDisposable
{
    private readonly MemoryStream _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Info_MessageAndFields_IsOneLogfmtLine()
    {
        Log().Info("pod is running", ("pod", "abc"), ("ms", 41), ("path", "/run/crisp"), ("note", "two words"), ("nothing", null));

        Assert.Matches(
            @"^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info msg=""pod is running"" pod=abc ms=41 path=/run/crisp note=""two words"" nothing=""""\n$",
            Written());
    }

    [Fact]
    public void Write_LevelsBelow_AreLeftOut()
    {
        var log = Log(LogLevel.Warn);

        log.Debug("a");
        log.Info("b");
        log.Warn("c");
        log.Error("d");

        Assert.Equal(["warn", "error"], Written().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(" level=")[1].Split(' ')[0]));
        Assert.False(log.IsEnabled(LogLevel.Info));
    }

    [Theory]
    [InlineData("a\nlevel=error msg=forged", "a\\nlevel=error msg=forged")]
    [InlineData("a\r\tb", "a\\r\\tb")]
    [InlineData("say \"no\" \\", "say \\\"no\\\" \\\\")]
    [InlineData("\u001b[2Jgone", "\\u001b[2Jgone")]
    [InlineData("a\u2028b\u202ec", "a\\u2028b\\u202ec")]
    [InlineData("\0", "\\u0000")]
    [InlineData("grün 漢字 🐳", "grün 漢字 🐳")]
    public void Info_HostileText_StaysInItsQuotes(string text, string expected)
    {
        Log().Info(text, ("key", text));

        Assert.EndsWith($" msg=\"{expected}\" key=\"{expected}\"\n", Written(), StringComparison.Ordinal);
        Assert.Equal(1, Written().Count(c => c == '\n'));
    }

    [Fact]
    public void Info_LoneSurrogate_IsReplaced()
    {
        Log().Info("a\ud800b");

        Assert.EndsWith(" msg=\"a\ufffdb\"\n", Written(), StringComparison.Ordinal);
    }

    [Fact]
    public void Info_HostileKey_IsMadePlain()
    {
        Log().Info("m", ("a b=\"c\n", "v"));

        Assert.EndsWith(" a_b__c_=v\n", Written(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData('a')]
    [InlineData('\n')]
    [InlineData('漢')]
    public void Info_LongTexts_AreCutAndTheLineStaysBounded(char letter)
    {
        var text = new string(letter, 100_000);

        Log().Info(text, ("one", text), ("two", text), ("three", text), ("short", "x"));

        Assert.InRange(_output.Length, 1, Logger.MaxLine);
        Assert.EndsWith("\n", Written(), StringComparison.Ordinal);
        Assert.Contains("...", Written(), StringComparison.Ordinal);
        Assert.Equal(1, Written().Count(c => c == '\n'));
        Assert.DoesNotContain('\ufffd', Written());
    }

    [Fact]
    public async Task Info_ManyThreads_LinesStayWhole()
    {
        var log = Log();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                log.Info("entry", ("thread", thread), ("i", i));
            }
        })));

        var lines = Written().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4000, lines.Distinct(StringComparer.Ordinal).Count());
        Assert.All(lines, line => Assert.Matches(@"^time=\S+ level=info msg=entry thread=\d i=\d+$", line));
    }

    [Fact]
    public void Info_NobodyReads_IsNoError() => new Logger(new BrokenStream(), LogLevel.Info).Info("lost");

    private Logger Log(LogLevel level = LogLevel.Info) => new(_output, level);

    private string Written() => Encoding.UTF8.GetString(_output.ToArray());

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
    }
}
