using System.Net.Security;
using System.Net.Sockets;

namespace Cri.Streaming.Connections;

/// <summary>A client's TCP connection, with TLS or without. It aborts itself after the idle timeout without a byte either way.</summary>
internal sealed class ClientConnection : IByteChannel, IDisposable
{
    private const int ReadAhead = 16 * 1024;

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly TimeSpan _idleTimeout;
    private readonly CancellationTokenSource _gone;
    private readonly byte[] _ahead = new byte[ReadAhead];
    private int _aheadStart;
    private int _aheadEnd;

    /// <summary>Takes over the socket and the stream on it.</summary>
    internal ClientConnection(Socket socket, Stream stream, TimeSpan idleTimeout, CancellationToken stop)
    {
        _socket = socket;
        _stream = stream;
        _idleTimeout = idleTimeout;
        _gone = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Gone = _gone.Token;
        MarkActivity();
    }

    /// <inheritdoc/>
    public CancellationToken Gone { get; }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        if (_aheadStart == _aheadEnd)
        {
            if (buffer.Length >= ReadAhead)
            {
                return await ReceiveAsync(buffer);
            }

            _aheadStart = 0;
            _aheadEnd = 0;
            _aheadEnd = await ReceiveAsync(_ahead);
        }

        var count = Math.Min(buffer.Length, _aheadEnd - _aheadStart);
        _ahead.AsMemory(_aheadStart, count).CopyTo(buffer);
        _aheadStart += count;
        return count;
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes, Gone);
            MarkActivity();
        }
        catch (Exception error) when (IsLoss(error))
        {
            throw Lost(error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask ShutdownAsync()
    {
        try
        {
            if (_stream is SslStream tls)
            {
                await tls.ShutdownAsync().WaitAsync(Gone);
            }

            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (IsLoss(error))
        {
            Abort();
        }
    }

    /// <inheritdoc/>
    public void Abort()
    {
        try
        {
            _gone.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Abort();
        _stream.Dispose();
        _socket.Dispose();
        _gone.Dispose();
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        try
        {
            var count = await _stream.ReadAsync(buffer, Gone);
            MarkActivity();
            return count;
        }
        catch (Exception error) when (IsLoss(error))
        {
            throw Lost(error);
        }
    }

    private static bool IsLoss(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;

    private IOException Lost(Exception error)
    {
        Abort();
        return new IOException("the client is gone", error);
    }

    private void MarkActivity()
    {
        try
        {
            _gone.CancelAfter(_idleTimeout);
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }
}
