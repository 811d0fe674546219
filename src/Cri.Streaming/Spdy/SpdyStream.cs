using Cri.Streaming.Buffers;

namespace Cri.Streaming.Spdy;

/// <summary>One stream that a client has opened.</summary>
#pragma warning disable CA1001 // A source of cancellation without a timer holds nothing.
internal sealed class SpdyStream
#pragma warning restore CA1001
{
    // A client that sends 64 KiB of others with each of a thousand streams is not to have them kept.
    private const int LongestValue = 256;
    private static readonly string[] _kept = ["streamtype", "port", "requestid"];

    private readonly SpdyConnection _connection;
    private readonly Dictionary<string, string> _headers;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly Lock _granting = new();
    private int _unannounced;
    private bool _announcing;

    internal SpdyStream(SpdyConnection connection, uint id, IReadOnlyDictionary<string, string> headers, ReceivePool pool)
    {
        _connection = connection;
        Id = id;
        _headers = headers.Where(header => _kept.Contains(header.Key) && header.Value.Length <= LongestValue).ToDictionary(StringComparer.Ordinal);
        Buffer = new ReceiveBuffer(pool, SpdyConnection.LargestBacklogOfStream, Consumed);
        Input = new InputStream(Buffer);
        Output = new OutputStream((bytes, cancellationToken) => _connection.SendDataAsync(this, bytes, cancellationToken));
        Cancelled = _cancelled.Token;
    }

    /// <summary>Its odd number.</summary>
    internal uint Id { get; }

    /// <summary>What the client sends; 0 bytes after its FIN, an error after its RST_STREAM.</summary>
    internal Stream Input { get; }

    /// <summary>What the client is to get; a write waits for it, and fails when the stream or the client is gone.</summary>
    internal Stream Output { get; }

    /// <summary>Ends when the client has reset the stream or is gone.</summary>
    internal CancellationToken Cancelled { get; }

    /// <summary>What was received and is not yet read.</summary>
    internal ReceiveBuffer Buffer { get; }

    /// <summary>What may be sent.</summary>
    internal FlowControl.Window Window { get; } = new();

    /// <summary>True once our FIN was sent, or must not be any more; under the connection's lock.</summary>
    internal bool SendingEnded { get; set; }

    /// <summary>True once the client's FIN has come; under the connection's lock.</summary>
    internal bool ReceivingEnded { get; set; }

    /// <summary>The value of one of Kubernetes' headers of its SYN_STREAM, by its name in lower case; null when it is absent.</summary>
    internal string? Header(string name) => _headers.GetValueOrDefault(name);

    /// <summary>Sends FIN, once: the client reads to the end of what was written.</summary>
    internal ValueTask FinishAsync(CancellationToken cancellationToken) => _connection.FinishAsync(this, cancellationToken);

    /// <summary>Sends RST_STREAM: neither side uses the stream any more.</summary>
    internal ValueTask ResetAsync(RstStatus status, CancellationToken cancellationToken) =>
        _connection.ResetAsync(this, status, cancellationToken);

    /// <summary>The client has reset it or is gone.</summary>
    internal void Cancel(Exception error)
    {
        Buffer.End(error);
        _cancelled.Cancel();
    }

    // WINDOW_UPDATE goes out beside the reader, one at a time, so that reading never waits for a client that does not read.
    private void Consumed(int bytes)
    {
        lock (_granting)
        {
            _unannounced += bytes;
            if (_announcing || _unannounced < FlowControl.InitialWindow / 2)
            {
                return;
            }

            _announcing = true;
        }

        _ = AnnounceAsync();
    }

    private async Task AnnounceAsync()
    {
        try
        {
            while (TakeUnannounced() is var bytes && bytes > 0)
            {
                await _connection.SendWindowUpdateAsync(this, bytes);
            }
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }

    private int TakeUnannounced()
    {
        lock (_granting)
        {
            var bytes = _unannounced;
            _unannounced = 0;
            _announcing = bytes > 0;
            return bytes;
        }
    }
}
