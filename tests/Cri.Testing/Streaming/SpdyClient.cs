using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Cri.Testing.Streaming;

/// <summary>
/// The client's side of SPDY/3.1, made of nothing that the server is made of. Like Kubernetes' own it knows no windows unless a
/// test sends them.
/// </summary>
public sealed class SpdyClient : IAsyncDisposable
{
    private readonly StreamingConnection _connection;
    private readonly ConcurrentDictionary<uint, SpdyClientStream> _streams = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource<uint> _goAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<uint> _windowUpdates = new();
    private readonly ConcurrentQueue<uint> _pings = new();
    private Task _reading = Task.CompletedTask;
    private uint _nextStream = 1;
    private bool _headersBegun;

    private SpdyClient(StreamingConnection connection, string head)
    {
        _connection = connection;
        Head = head;
    }

    /// <summary>The head of the answer to the upgrade.</summary>
    public string Head { get; }

    /// <summary>Completes with the status of GOAWAY; fails when the connection ends without one.</summary>
    public Task<uint> GoAway => _goAway.Task;

    /// <summary>Completes when the server has closed its direction.</summary>
    public Task Ended => _reading;

    /// <summary>The streams that WINDOW_UPDATEs have come for so far; 0 is the session.</summary>
    public IReadOnlyCollection<uint> WindowUpdates => _windowUpdates;

    /// <summary>The pings that have come so far.</summary>
    public IReadOnlyCollection<uint> Pings => _pings;

    /// <summary>Connects and upgrades.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="protocols">What the client speaks; null sends no header.</param>
    /// <param name="reads">False for a client that never reads after the upgrade.</param>
    public static async Task<SpdyClient> ConnectAsync(Uri url, string? protocols, bool reads = true)
    {
        var connection = await StreamingConnection.OpenAsync(url).ConfigureAwait(false);
        string[] named = protocols is null ? [] : [$"X-Stream-Protocol-Version: {protocols}"];
        var head = await connection.RequestAsync($"POST {url.PathAndQuery} HTTP/1.1", ["Connection: Upgrade", "Upgrade: SPDY/3.1", .. named]).ConfigureAwait(false);
        var client = new SpdyClient(connection, head);
        if (!head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
        {
            connection.Dispose();
            throw new IOException(head);
        }

        client._reading = reads ? Task.Run(client.ReadAsync) : client._reading;
        return client;
    }

    /// <summary>Opens a stream without waiting for the reply.</summary>
    public async Task<SpdyClientStream> BeginAsync(params (string Name, string Value)[] headers)
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            var stream = new SpdyClientStream(this, _nextStream);
            _nextStream += 2;
            _streams[stream.Id] = stream;
            byte[] payload = [.. Words(stream.Id, 0), 0, 0, .. Compress(headers)];
            await _connection.Stream.WriteAsync(Control(1, payload)).ConfigureAwait(false);
            return stream;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Opens a stream and waits for the reply.</summary>
    public async Task<SpdyClientStream> OpenAsync(params (string Name, string Value)[] headers)
    {
        var stream = await BeginAsync(headers).ConfigureAwait(false);
        await stream.Replied;
        return stream;
    }

    /// <summary>Opens the stream of a type, as for exec and attach.</summary>
    public Task<SpdyClientStream> OpenAsync(string type) => OpenAsync(("streamtype", type));

    /// <summary>Sends a control frame.</summary>
    public Task SendControlAsync(ushort type, byte[] payload) => SendAsync(Control(type, payload));

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            await _connection.Stream.WriteAsync(bytes).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Ends our direction of the connection; the server's goes on.</summary>
    public void Shutdown() => _connection.Socket.Shutdown(SocketShutdown.Send);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        await _reading;
        _sending.Dispose();
    }

    /// <summary>Numbers of four bytes each.</summary>
    public static byte[] Words(params uint[] words)
    {
        var bytes = new byte[words.Length * 4];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), words[i]);
        }

        return bytes;
    }

    internal Task SendDataAsync(uint stream, ReadOnlyMemory<byte> bytes, bool fin) =>
        SendAsync([.. Words(stream, (fin ? 1u << 24 : 0) | (uint)bytes.Length), .. bytes.Span]);

    private static byte[] Control(ushort type, byte[] payload) => [.. Words(0x80030000u | type, (uint)payload.Length), .. payload];

    // A zlib stream that names SPDY's dictionary and goes on in stored blocks.
    private byte[] Compress((string Name, string Value)[] headers)
    {
        var block = new List<byte>(Words((uint)headers.Length));
        foreach (var text in headers.SelectMany(header => new[] { header.Name, header.Value }).Select(Encoding.UTF8.GetBytes))
        {
            block.AddRange(Words((uint)text.Length));
            block.AddRange(text);
        }

        byte[] start = _headersBegun ? [] : [0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2];
        _headersBegun = true;
        byte[] length = [(byte)block.Count, (byte)(block.Count >> 8)];
        return [.. start, 0, .. length, (byte)~length[0], (byte)~length[1], .. block, 0, 0, 0, 0xff, 0xff];
    }

    private async Task ReadAsync()
    {
        var head = new byte[8];
        try
        {
            while (true)
            {
                await _connection.Stream.ReadExactlyAsync(head).ConfigureAwait(false);
                var first = BinaryPrimitives.ReadUInt32BigEndian(head);
                var payload = new byte[BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4)) & 0xffffff];
                await _connection.Stream.ReadExactlyAsync(payload).ConfigureAwait(false);
                Receive(first, head[4], payload);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            _goAway.TrySetException(new IOException("the connection ended without GOAWAY"));
            _ = _goAway.Task.Exception;
            foreach (var stream in _streams.Values)
            {
                stream.End(null);
            }
        }
    }

    private void Receive(uint first, byte flags, byte[] payload)
    {
        if ((first & 0x80000000) == 0)
        {
            _streams[first].Receive(payload, (flags & 1) != 0);
            return;
        }

        var id = BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff;
        switch (first & 0xffff)
        {
            case 2:
                _streams[id].Reply();
                break;
            case 3:
                _streams.GetOrAdd(id, key => new SpdyClientStream(this, key)).End(BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(4)));
                break;
            case 6:
                _pings.Enqueue(id);
                break;
            case 7:
                _goAway.TrySetResult(BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(4)));
                break;
            case 9:
                _windowUpdates.Enqueue(id);
                break;
        }
    }
}
