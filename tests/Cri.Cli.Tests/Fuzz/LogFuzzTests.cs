using System.Text;
using Cri.Cli.Logs;
using Cri.Testing.Fuzz;
using Xunit;

namespace Cri.Cli.Tests.Fuzz;

/// <summary>Container logs of whatever bytes: every whole line is shown, and none is made up.</summary>
public sealed class LogFuzzTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-logs-").FullName;

    private static IReadOnlyList<byte[]> Logs => FuzzRun.Texts(
        "2024-01-02T03:04:05.123456789Z stdout F hello\n2024-01-02T03:04:05.123456789Z stderr P part\n2024-01-02T03:04:05.123456789Z stderr F ed\n",
        "2024-01-02T03:04:05.123456789+01:00 stdout P:x tagged\n\n \n  \nx stdout F\nx stdout F \n");

    private static IReadOnlyList<byte[]> Words => FuzzRun.Texts("\n", " ", "stdout", "stderr", " F ", " P ", "\r\n", "\0", "\u001b[2J", ":", "\u20ac");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void LogLine_AnyBytes_IsReadOrShownAsItIs() => FuzzRun.Run(50_000, Logs, Words, input =>
    {
        var line = LogLine.Parse(input);
        Assert.EndsWith(Encoding.Latin1.GetString(line.Text.Span), Encoding.Latin1.GetString(input), StringComparison.Ordinal);
    });

    [Fact]
    public void LogFile_AnyBytes_GivesEveryWholeLine()
    {
        var path = Path.Combine(_directory, "0.log");
        FuzzRun.Run(2_000, Logs, Words, input =>
        {
            File.WriteAllBytes(path, input);
            using var log = new LogFile(path);

            var lines = log.ReadAvailable().ToList();

            Assert.Equal(input.Count(value => value == '\n'), lines.Count);
            Assert.Empty(log.ReadAvailable());
            Assert.True(LogTail.Last(lines, 3).Count <= lines.Count);
        });
    }

    // Nothing that writes logs in the CRI's form writes such a line, but a link in a log's place may lead to any file.
    [Fact]
    public void LogFile_WithoutALineEnd_IsNotKeptInMemory()
    {
        var path = Path.Combine(_directory, "endless.log");
        using (var file = File.Create(path))
        {
            file.SetLength(256L << 20);
        }

        using var log = new LogFile(path);

        var lengths = log.ReadAvailable().Select(line => line.Text.Length).ToList();

        Assert.InRange(lengths.Max(), 1, 2 << 20);
        Assert.InRange(lengths.Sum(length => (long)length), 254L << 20, 256L << 20);
    }
}
