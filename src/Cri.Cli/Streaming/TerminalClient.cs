using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using Cri.Linux;

namespace Cri.Cli.Streaming;

/// <summary>Joins the user's terminal or pipes to a process in a container.</summary>
/// <param name="terminal">The user's.</param>
/// <param name="stdin">Whether the process gets input.</param>
/// <param name="tty">Whether the process has a terminal of its own.</param>
internal sealed class TerminalClient(Terminal terminal, bool stdin, bool tty)
{
    private const string Protocol = "v5.channel.k8s.io";
    private const byte Stdin = 0;
    private const byte Stdout = 1;
    private const byte Stderr = 2;
    private const byte Error = 3;
    private const byte Resize = 4;
    private const int BufferSize = 32 * 1024;

    /// <summary>Runs until the process has ended; its exit code.</summary>
    /// <param name="what">What is done, for failures.</param>
    /// <param name="url">Where the runtime serves it.</param>
    /// <param name="interrupted">Gives up.</param>
    /// <exception cref="CommandFailure">It could not be served, or the connection broke.</exception>
    public async Task<int> RunAsync(string what, string url, CancellationToken interrupted)
    {
        using var channels = await ChannelSocket.ConnectAsync(what, url, Protocol, interrupted);
        using var raw = stdin && tty && terminal.Keyboard is { } keyboard ? new RawTerminal(keyboard) : null;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        using var resizes = tty && terminal.Screen is not null
            ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Start(() => SendSizeAsync(channels, ended.Token)))
            : null;
        Start(() => SendSizeAsync(channels, ended.Token));
        if (stdin)
        {
            Start(() => SendInputAsync(channels, ended.Token));
        }

        try
        {
            var status = await ReceiveAsync(channels, interrupted);
            await channels.CloseAsync(interrupted);
            return StreamStatus.ExitCode(what, status);
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    // Input that nobody takes any more is no failure: how the process ended is for the error channel to say. A read from a
    // terminal cannot be given up, so nobody waits for these.
    private static void Start(Func<Task> send) => _ = Task.Run(async () =>
    {
        try
        {
            await send();
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
        }
    });

    private async Task<ReadOnlyMemory<byte>> ReceiveAsync(ChannelSocket channels, CancellationToken interrupted)
    {
        using var status = new MemoryStream();
        var buffer = new byte[BufferSize];
        while (await channels.ReceiveAsync(buffer, interrupted) is { Channel: { } channel, Count: var count })
        {
            var sink = channel switch
            {
                Stdout => terminal.Out,
                Stderr => terminal.Error,
                Error => status,
                _ => Stream.Null,
            };
            sink.Write(buffer, 0, count);
            sink.Flush();
        }

        return status.ToArray();
    }

    private async Task SendSizeAsync(ChannelSocket channels, CancellationToken ended)
    {
        if (tty && terminal.Screen is { } screen && RawTerminal.SizeOf(screen) is { } size)
        {
            var json = $$"""{"Width":{{size.Columns}},"Height":{{size.Rows}}}""";
            await channels.SendAsync(Resize, Encoding.ASCII.GetBytes(json), ended);
        }
    }

    private async Task SendInputAsync(ChannelSocket channels, CancellationToken ended)
    {
        var buffer = new byte[BufferSize];
        try
        {
            using var input = terminal.OpenInput();
            while (await input.ReadAsync(buffer, ended) is var count && count > 0)
            {
                await channels.SendAsync(Stdin, buffer.AsSpan(0, count), ended);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            terminal.WriteError($"crisp: standard input: {e.Message}\r\n");
        }

        await channels.FinishAsync(Stdin, ended);
    }
}
