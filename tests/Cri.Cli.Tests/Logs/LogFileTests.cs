using System.Text;
using Cri.Cli.Logs;
using Xunit;

namespace Cri.Cli.Tests.Logs;

public sealed class LogFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("crisp-log-");

    private string LogPath => Path.Combine(_directory.FullName, "0.log");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Read_NoFileYet_GivesNothingAndLaterItsLines()
    {
        using var log = new LogFile(LogPath);
        Assert.Empty(log.ReadAvailable());
        Append("one");
        Assert.Equal(["one"], Texts(log));
    }

    [Fact]
    public void Read_FileGrows_GivesOnlyWhatIsNew()
    {
        using var log = new LogFile(LogPath);
        Append("one", "two");
        Assert.Equal(["one", "two"], Texts(log));
        Append("three");
        Assert.Equal(["three"], Texts(log));
        Assert.Empty(Texts(log));
    }

    [Fact]
    public void Read_LineHalfWritten_WaitsForItsEnd()
    {
        using var log = new LogFile(LogPath);
        File.WriteAllText(LogPath, "2026-01-02T03:04:05Z stdout F hal");
        Assert.Empty(Texts(log));
        File.AppendAllText(LogPath, "f\n");
        Assert.Equal(["half"], Texts(log));
    }

    [Fact]
    public void Read_RotatedInBetween_GivesTheRestOfTheOldAndAllOfTheNew()
    {
        using var log = new LogFile(LogPath);
        Append("one");
        Assert.Equal(["one"], Texts(log));
        Append("two");
        File.Move(LogPath, LogPath + ".1");
        Append("three", "four", "five");
        Assert.Equal(["two", "three", "four", "five"], Texts(log));
    }

    [Fact]
    public void Read_RotatedButNoNewFileYet_GoesOnWithTheOld()
    {
        using var log = new LogFile(LogPath);
        Append("one");
        Assert.Equal(["one"], Texts(log));
        File.Move(LogPath, LogPath + ".1");
        File.AppendAllText(LogPath + ".1", "2026-01-02T03:04:05Z stdout F two\n");
        Assert.Equal(["two"], Texts(log));
    }

    [Fact]
    public void Read_Truncated_StartsAgain()
    {
        using var log = new LogFile(LogPath);
        Append("a long line that goes away");
        Assert.Single(Texts(log));
        File.WriteAllText(LogPath, "");
        Append("new");
        Assert.Equal(["new"], Texts(log));
    }

    [Fact]
    public void Read_LinesBeyondTheBuffer_AreWhole()
    {
        using var log = new LogFile(LogPath);
        var texts = Enumerable.Range(0, 20).Select(i => new string((char)('a' + i), 16_384)).ToArray();
        Append(texts);
        Assert.Equal(texts, Texts(log));
    }

    [Theory]
    [InlineData(0, new string[] { })]
    [InlineData(1, new[] { "d1", "d2" })]
    [InlineData(2, new[] { "c", "d1", "d2" })]
    [InlineData(100, new[] { "a", "b", "c", "d1", "d2" })]
    public void Tail_CountsFullLines(int count, string[] expected)
    {
        Append("a", "b", "c");
        File.AppendAllText(LogPath, "2026-01-02T03:04:05Z stdout P d1\n");
        Append("d2");
        using var log = new LogFile(LogPath);
        Assert.Equal(expected, LogTail.Last(log.ReadAvailable(), count).Select(Text));
    }

    private void Append(params string[] texts) =>
        File.AppendAllLines(LogPath, texts.Select(text => $"2026-01-02T03:04:05.123456789Z stdout F {text}"));

    private static string[] Texts(LogFile log) => [.. log.ReadAvailable().Select(Text)];

    private static string Text(LogLine line) => Encoding.UTF8.GetString(line.Text.Span);
}
