using Cri.Streaming.Buffers;
using Cri.Streaming.Connections;

namespace Cri.Streaming.Spdy;

/// <summary>
/// The server's side of a SPDY/3.1 session (SPDY protocol draft 3 and 3.1), as Kubernetes' clients speak it: only the client
/// opens streams. What a peer gets wrong about a stream resets that stream; what makes the following frames unreadable ends
/// the session with GOAWAY.
/// <para>Bounds: a control frame of 64 KiB, its headers of 64 KiB and 100 names; a data frame is passed on in pieces and may be as long
/// as the protocol allows; unread data of 1 MiB for each stream and 8 MiB for the connection, beyond which nothing more is
/// read from the client.</para>
/// </summary>
internal sealed partial class SpdyConnection
{
    /// <summary>The most unread bytes of one stream.</summary>
    internal const int LargestBacklogOfStream = 1024 * 1024;

    private const int LargestBacklog = 8 * 1024 * 1024;
    private static readonly TimeSpan _longestClose = TimeSpan.FromSeconds(5);

    private readonly IByteChannel _channel;
    private readonly FrameWriter _writer;
    private readonly Func<SpdyStream, Action?> _accept;
    private readonly int _mostStreams;
    private readonly ReceivePool _pool = new(LargestBacklog);
    private readonly HeaderCompression _headers = new();
    private readonly FlowControl _flow = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, SpdyStream> _streams = [];
    private readonly TaskCompletionSource _readingEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _lastStream;
    private bool _closing;

    /// <summary>A session on a channel whose upgrade has been answered.</summary>
    /// <param name="channel">Where it is spoken.</param>
    /// <param name="mostStreams">The most streams at a time; more are refused.</param>
    /// <param name="accept">
    /// Called for each new stream, by the read loop: null refuses it; otherwise the action is called once the client has been
    /// told. Neither may wait.
    /// </param>
    internal SpdyConnection(IByteChannel channel, int mostStreams, Func<SpdyStream, Action?> accept)
    {
        _channel = channel;
        _writer = new FrameWriter(channel, LargestControlFrame);
        _mostStreams = mostStreams;
        _accept = accept;
    }

    /// <summary>Ends when the client is gone.</summary>
    internal CancellationToken Gone => _channel.Gone;

    /// <summary>Completes when the client sends no more.</summary>
    internal Task ReadingEnded => _readingEnded.Task;

    /// <summary>Reads what the client sends, until it is gone. Never throws.</summary>
    internal async Task RunAsync()
    {
        Exception lost = new IOException("the client is gone");
        try
        {
            await ReadFramesAsync();
            EndStreams();
            _readingEnded.TrySetResult();
            await GonePeerProbe.RunAsync(_channel, () => SendPingAsync(2));
        }
        catch (SpdyException error)
        {
            lost = new IOException(error.Message, error);
            await SendGoAwayAsync(GoAwayStatus.ProtocolError);
        }
        catch (IOException)
        {
            // The client is gone.
        }
        finally
        {
            _channel.Abort();
            CancelStreams(lost);
            _readingEnded.TrySetResult();
        }
    }

    /// <summary>
    /// Ends the session: FIN on every stream, GOAWAY, then the end of our direction; what was written still arrives. Waits up to
    /// 5 s for the client to close its own.
    /// </summary>
    internal async Task CloseAsync()
    {
        SpdyStream[] open;
        lock (_gate)
        {
            _closing = true;
            open = [.. _streams.Values];
        }

        try
        {
            foreach (var stream in open)
            {
                stream.Buffer.Discard();
                await stream.FinishAsync(Gone);
            }

            await SendGoAwayAsync(GoAwayStatus.Ok);
            await _channel.ShutdownAsync();
            await ReadingEnded.WaitAsync(_longestClose);
        }
        catch (Exception error) when (error is IOException or TimeoutException or OperationCanceledException)
        {
            // The client is gone, or does not close.
        }

        _channel.Abort();
    }

    private SpdyStream? Find(uint id)
    {
        lock (_gate)
        {
            return _streams.GetValueOrDefault(id);
        }
    }

    private void Forget(SpdyStream stream)
    {
        lock (_gate)
        {
            stream.SendingEnded = true;
            _streams.Remove(stream.Id);
        }

        _flow.Close(stream.Window);
    }

    private void ReceivingEnds(SpdyStream stream)
    {
        stream.Buffer.End();
        lock (_gate)
        {
            stream.ReceivingEnded = true;
            if (stream.SendingEnded)
            {
                _streams.Remove(stream.Id);
            }
        }
    }

    private void EndStreams()
    {
        SpdyStream[] open;
        lock (_gate)
        {
            open = [.. _streams.Values];
        }

        foreach (var stream in open)
        {
            ReceivingEnds(stream);
        }
    }

    private void CancelStreams(Exception error)
    {
        SpdyStream[] open;
        lock (_gate)
        {
            open = [.. _streams.Values];
            _closing = true;
        }

        foreach (var stream in open)
        {
            Forget(stream);
            stream.Cancel(error);
        }
    }
}
