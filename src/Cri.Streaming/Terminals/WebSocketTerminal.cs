using Cri.Streaming.WebSockets;

namespace Cri.Streaming.Terminals;

/// <summary>
/// An exec or attach over a WebSocket: channels 0 to 2 are stdin, stdout and stderr, 3 is the error stream and 4 resize.
/// </summary>
internal sealed class WebSocketTerminal(TerminalSession session, string protocol)
{
    /// <summary>The subprotocols, the newest first.</summary>
    internal static IReadOnlyList<string> Protocols { get; } =
        ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];

    private const int Stdin = 0;
    private const int Stdout = 1;
    private const int Stderr = 2;
    private const int Error = 3;
    private const int Resize = 4;
    private const int Channels = 5;

    /// <summary>Serves it on a WebSocket whose handshake has been answered; returns when the client is done or gone.</summary>
    internal async Task RunAsync(WebSocketConnection socket)
    {
        var request = session.Request;
        var channels = new ChannelConnection(
            socket, protocol, Channels, channel => (channel == Stdin && request.Stdin) || (channel == Resize && request.Tty));
        var reading = channels.RunAsync();
        try
        {
            // An empty message tells the client that the streams are there.
            await channels.SendAsync(request.Stdout ? Stdout : request.Stderr ? Stderr : Error, default, channels.Gone);
            var outcome = await session.ServeAsync(Streams(channels), channels.Gone);
            await channels.Output(Error).WriteAsync(outcome?.Write(protocol is ['v', '4' or '5', ..]) ?? []);
        }
        catch (IOException)
        {
            // The client is gone.
        }

        await channels.CloseAsync();
        await reading;
    }

    private TerminalStreams Streams(ChannelConnection channels)
    {
        var request = session.Request;
        return new TerminalStreams(
            request.Stdin ? channels.Input(Stdin) : null,
            request.Stdout ? channels.Output(Stdout) : null,
            request.Stderr ? channels.Output(Stderr) : null,
            request.Tty ? ResizeReader.Start(channels.Input(Resize)) : ResizeReader.None);
    }
}
