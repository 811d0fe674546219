using System.Globalization;
using System.Text;
using Xunit;

namespace Cri.Linux.Tests;

public class CommandTests
{
    private static readonly TimeSpan _long = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task RunAsync_InputLargerThanAPipe_ComesBackWhole()
    {
        var input = new byte[700_000];
        Random.Shared.NextBytes(input);

        var result = await Command.RunAsync(Shell("cat") with { Input = input }, CancellationToken.None);

        Assert.Equal(CommandEnd.Exited, result.End);
        Assert.Equal(input, result.Output.ToArray());
    }

    [Fact]
    public async Task RunAsync_InputThatNobodyReads_IsNoError()
    {
        var result = await Command.RunAsync(Shell("exec <&-; exit 3") with { Input = new byte[700_000] }, CancellationToken.None);

        Assert.Equal((CommandEnd.Exited, 3), (result.End, result.Exit.Code));
    }

    [Fact]
    public async Task RunAsync_BothOutputs_AreKeptApart()
    {
        var result = await Command.RunAsync(Shell("echo out; echo err >&2; kill -9 $$"), CancellationToken.None);

        Assert.Equal(("out\n", "err\n"), (Text(result.Output), Text(result.ErrorOutput)));
        Assert.Equal(new ChildExit(137, 9), result.Exit);
    }

    [Fact]
    public async Task RunAsync_ErrorOutputWithoutEnd_IsCutAndDoesNotStopTheProgram()
    {
        var options = Shell("head -c 3000000 /dev/zero >&2; echo done") with { MaxErrorOutput = 1000 };

        var result = await Command.RunAsync(options, CancellationToken.None);

        Assert.Equal(("done\n", 1000), (Text(result.Output), result.ErrorOutput.Length));
    }

    [Fact]
    public async Task RunAsync_OutputWithoutEnd_IsKilledAtTheLimit()
    {
        var result = await Command.RunAsync(Shell("exec yes") with { MaxOutput = 1000 }, CancellationToken.None);

        Assert.Equal((CommandEnd.OutputTooLong, 1000), (result.End, result.Output.Length));
    }

    [Fact]
    public async Task RunAsync_OutputAtTheLimit_IsWhole()
    {
        var result = await Command.RunAsync(Shell("head -c 1000 /dev/zero") with { MaxOutput = 1000 }, CancellationToken.None);

        Assert.Equal((CommandEnd.Exited, 1000), (result.End, result.Output.Length));
    }

    [Fact]
    public async Task RunAsync_HangsWithAChild_BothAreKilledAtTheDeadline()
    {
        var options = Shell("sleep 1000 & echo $!; wait") with { Timeout = TimeSpan.FromSeconds(20) };

        var result = await Command.RunAsync(options, CancellationToken.None);

        Assert.Equal((CommandEnd.TimedOut, 9), (result.End, result.Exit.Signal));
        await Ends(Text(result.Output).Trim());
    }

    [Fact]
    public async Task RunAsync_SomebodyKillsTheProgram_ItsChildrenGoToo()
    {
        var result = await Command.RunAsync(Shell("sleep 1000 & echo $!; kill -9 $$"), CancellationToken.None);

        Assert.Equal((CommandEnd.Exited, 9), (result.End, result.Exit.Signal));
        await Ends(Text(result.Output).Trim());
    }

    [Fact]
    public async Task RunAsync_Cancelled_IsKilled()
    {
        using var cancellation = new CancellationTokenSource();
        var run = Command.RunAsync(Shell("sleep 1000"), cancellation.Token);

        await cancellation.CancelAsync();

        Assert.Equal(CommandEnd.Cancelled, (await run).End);
    }

    [Fact]
    public async Task RunAsync_AChildHoldsTheOutputOpen_IsOverWithTheProgram()
    {
        var result = await Command.RunAsync(Shell("sleep 1000 & echo $!"), CancellationToken.None);

        using var child = PidFd.Open(int.Parse(Text(result.Output)));
        Assert.Equal(CommandEnd.Exited, result.End);
        Assert.True(PidFd.Signal(child, 9));
    }

    [Fact]
    public async Task RunAsync_NoSuchProgram_Throws()
    {
        var options = new CommandOptions { Path = "/no/such/program", Arguments = ["program"], Timeout = _long };

        var error = await Assert.ThrowsAsync<LinuxException>(() => Command.RunAsync(options, CancellationToken.None));

        Assert.Equal(Errno.ENOENT, error.Error);
        Assert.Contains("/no/such/program", error.Message, StringComparison.Ordinal);
    }

    private static CommandOptions Shell(string script) => new() { Path = "/bin/sh", Arguments = ["sh", "-c", script], Timeout = _long };

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    // A killed process is gone, perhaps while it is looked at, or waits to be reaped by whoever inherits it.
    private static async Task Ends(string pid)
    {
        try
        {
            while (!File.ReadAllText($"/proc/{int.Parse(pid, CultureInfo.InvariantCulture)}/stat").Contains(") Z ", StringComparison.Ordinal))
            {
                await Task.Delay(10);
            }
        }
        catch (IOException)
        {
        }
    }
}
