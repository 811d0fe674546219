using System.Threading.Channels;

namespace Cri.Testing.Streaming;

/// <summary>A stream that a <see cref="SpdyClient"/> has opened.</summary>
public sealed class SpdyClientStream
{
    private readonly SpdyClient _client;
    private readonly Channel<byte[]> _data = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource _replied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<uint> _reset = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SpdyClientStream(SpdyClient client, uint id)
    {
        _client = client;
        Id = id;
    }

    /// <summary>Its number.</summary>
    public uint Id { get; }

    /// <summary>Completes with SYN_REPLY.</summary>
    public Task Replied => _replied.Task;

    /// <summary>Completes with the status of RST_STREAM.</summary>
    public Task<uint> Reset => _reset.Task;

    /// <summary>Sends data.</summary>
    public Task WriteAsync(ReadOnlyMemory<byte> bytes, bool fin = false) => _client.SendDataAsync(Id, bytes, fin);

    /// <summary>Sends FIN.</summary>
    public Task FinishAsync() => WriteAsync(default, fin: true);

    /// <summary>Sends RST_STREAM with the status Cancel.</summary>
    public Task ResetAsync() => _client.SendControlAsync(3, SpdyClient.Words(Id, 5));

    /// <summary>The next data; null at the end.</summary>
    public async Task<byte[]?> ReadAsync() => await _data.Reader.WaitToReadAsync() && _data.Reader.TryRead(out var bytes) ? bytes : null;

    /// <summary>Everything up to the end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        var all = new MemoryStream();
        while (await ReadAsync() is { } bytes)
        {
            all.Write(bytes);
        }

        return all.ToArray();
    }

    internal void Reply() => _replied.TrySetResult();

    internal void Receive(byte[] bytes, bool fin)
    {
        if (bytes.Length > 0)
        {
            _data.Writer.TryWrite(bytes);
        }

        if (fin)
        {
            _data.Writer.TryComplete();
        }
    }

    internal void End(uint? status)
    {
        _data.Writer.TryComplete();
        if (status is { } reset)
        {
            _reset.TrySetResult(reset);
            _replied.TrySetException(new IOException($"stream {Id} was reset with status {reset}"));
        }
        else
        {
            _reset.TrySetException(new IOException("the connection ended"));
            _replied.TrySetException(new IOException("the connection ended"));
        }
    }
}
