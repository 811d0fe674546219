using System.Collections.Concurrent;
using Cri.Streaming.Connections;
using Cri.Streaming.Spdy;

namespace Cri.Streaming.Terminals;

/// <summary>
/// An exec or attach over SPDY: the client opens a stream each for error, and for stdin, stdout, stderr and resize as it asked for
/// them, which their header streamType names. Its subprotocol says whether there is a resize stream (v3) and how the error stream
/// is written (v4).
/// </summary>
internal sealed class SpdyTerminal(TerminalSession session, string protocol)
{
    /// <summary>The subprotocols, the newest first. A client that names none means the last.</summary>
    internal static IReadOnlyList<string> Protocols { get; } = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    private const int MostStreams = 8;

    // The read loop may add to it while it is served: a client can open more than it has to.
    private readonly ConcurrentDictionary<string, SpdyStream> _streams = [];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _resizes = protocol is "v4.channel.k8s.io" or "v3.channel.k8s.io";

    /// <summary>Serves it on a channel whose upgrade has been answered; returns when the client is done or gone.</summary>
    internal async Task RunAsync(IByteChannel channel)
    {
        var connection = new SpdyConnection(channel, MostStreams, Accept);
        var reading = connection.RunAsync();
        try
        {
            await Task.WhenAny(_complete.Task, connection.ReadingEnded).WaitAsync(TerminalSession.LongestCreation);
            if (_complete.Task.IsCompleted)
            {
                await ServeAsync();
            }
        }
        catch (TimeoutException)
        {
            // The client did not open its streams, among them perhaps the one to tell it so.
        }

        await connection.CloseAsync();
        await reading;
    }

    // By the read loop, one stream after the other.
    private Action? Accept(SpdyStream stream)
    {
        var type = stream.Header("streamtype");
        var known = type is "error" or "stdin" or "stdout" or "stderr" || (type == "resize" && _resizes);
        if (!known || !_streams.TryAdd(type!, stream))
        {
            return null;
        }

        return () =>
        {
            if (Expected().All(_streams.ContainsKey))
            {
                _complete.TrySetResult();
            }
        };
    }

    private IEnumerable<string> Expected()
    {
        var request = session.Request;
        (string Type, bool Expected)[] types =
        [
            ("error", true), ("stdin", request.Stdin), ("stdout", request.Stdout), ("stderr", request.Stderr), ("resize", request.Tty && _resizes),
        ];
        return types.Where(type => type.Expected).Select(type => type.Type);
    }

    private async Task ServeAsync()
    {
        var request = session.Request;
        var error = _streams["error"];
        foreach (var (type, stream) in _streams)
        {
            // What is sent on a stream that nobody reads must not hold the others up.
            if ((type != "stdin" || !request.Stdin) && (type != "resize" || !request.Tty))
            {
                stream.Buffer.Discard();
            }
        }

        var streams = new TerminalStreams(
            request.Stdin ? _streams["stdin"].Input : null,
            request.Stdout ? _streams["stdout"].Output : null,
            request.Stderr ? _streams["stderr"].Output : null,
            request.Tty && _streams.TryGetValue("resize", out var resize) ? ResizeReader.Start(resize.Input) : ResizeReader.None);
        var outcome = await session.ServeAsync(streams, error.Cancelled);
        try
        {
            await error.Output.WriteAsync(outcome?.Write(asStatus: protocol == Protocols[0]) ?? []);
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }
}
