using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading.Channels;
using Cri.Ttrpc.Wire;
using Google.Protobuf;

namespace Cri.Ttrpc;

/// <summary>A ttrpc connection over a unix socket, with any number of calls in flight. Thread-safe.</summary>
public sealed class TtrpcClient : IAsyncDisposable
{
    private const int ReadBuffer = 8192;

    private readonly Socket _socket;
    private readonly ConcurrentDictionary<uint, PendingCall> _pending = new();
    private readonly Channel<byte[]> _outgoing = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameDecoder _decoder;
    private int _lastStream = -1;
    private volatile TtrpcException? _broken;

    private TtrpcClient(Socket socket)
    {
        _socket = socket;
        _decoder = new FrameDecoder(Receive);

        // The connection outlives the call that it is made in, and keeps nothing of it.
        using var apart = ExecutionContext.SuppressFlow();
        _ = ReadAsync();
        _ = WriteAsync();
    }

    /// <summary>Completes, never faults, once the connection is broken or disposed.</summary>
    public Task Closed => _closed.Task;

    /// <summary>False from before the first call fails for it: whoever learns of the end from a call finds it here too.</summary>
    public bool IsOpen => _broken is null;

    /// <summary>
    /// Connects to a listening unix socket. Throws UNAVAILABLE when nobody listens or the path exceeds 107 bytes (unix(7));
    /// a longer one is reached as <c>/proc/self/fd/N/name</c> through a descriptor of its directory.
    /// </summary>
    public static async Task<TtrpcClient> ConnectAsync(string socketPath, CancellationToken ct = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), ct);
            return new TtrpcClient(socket);
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException or IOException or ArgumentException)
            {
                throw new TtrpcException(TtrpcStatusCode.Unavailable, $"connect {socketPath}: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>Calls a method and awaits its answer for as long as it takes.</summary>
    /// <exception cref="TtrpcException">The server's status, or UNAVAILABLE when the connection breaks.</exception>
    public Task<TResponse> CallAsync<TRequest, TResponse>(
        string service, string method, TRequest request, MessageParser<TResponse> parser, CancellationToken ct = default)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse> =>
        CallAsync(service, method, request, parser, null, ct);

    /// <summary>Calls a method and awaits its answer.</summary>
    /// <param name="service">The service's full name.</param>
    /// <param name="method">The method's short name.</param>
    /// <param name="request">The request; encoded before this returns.</param>
    /// <param name="parser">Decodes the answer.</param>
    /// <param name="timeout">How long the server may take; null for ever. Its end is DEADLINE_EXCEEDED.</param>
    /// <param name="ct">Gives the call up; the server is not told.</param>
    /// <exception cref="TtrpcException">The server's status, or UNAVAILABLE when the connection breaks.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        string service,
        string method,
        TRequest request,
        MessageParser<TResponse> parser,
        TimeSpan? timeout,
        CancellationToken ct = default)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse>
    {
        ct.ThrowIfCancellationRequested();
        var stream = (uint)Interlocked.Add(ref _lastStream, 2);
        var nanos = timeout is { } limit ? Math.Max(1, limit.Ticks * 100) : 0;
        var frame = RequestEnvelope.Frame(stream, service, method, request, nanos);
        var call = new PendingCall(payload => parser.ParseFrom(payload));
        _pending[stream] = call;
        try
        {
            if (_broken is { } broken)
            {
                throw broken;
            }

            _outgoing.Writer.TryWrite(frame);
            if (_broken is { } late)
            {
                // Break may have walked the pending calls just before ours was added.
                call.Fail(late);
            }

            // The server enforces the limit; we wait a little longer for its own words.
            var wait = timeout is { } t ? t + TimeSpan.FromSeconds(1) : Timeout.InfiniteTimeSpan;
            return (TResponse)await call.Answer.WaitAsync(wait, ct);
        }
        catch (TimeoutException)
        {
            throw new TtrpcException(TtrpcStatusCode.DeadlineExceeded, $"{service}/{method} did not end within {timeout}");
        }
        finally
        {
            _pending.TryRemove(stream, out _);
        }
    }

    /// <summary>Closes the connection; calls in flight fail with UNAVAILABLE.</summary>
    public ValueTask DisposeAsync()
    {
        Break(Broken("connection was closed by us", null));
        return ValueTask.CompletedTask;
    }

    private static TtrpcException Broken(string reason, Exception? cause) =>
        cause is null ? new(TtrpcStatusCode.Unavailable, reason) : new(TtrpcStatusCode.Unavailable, reason, cause);

    private async Task ReadAsync()
    {
        var buffer = new byte[ReadBuffer];
        try
        {
            while (true)
            {
                var count = await _socket.ReceiveAsync(buffer.AsMemory());
                if (count == 0)
                {
                    Break(Broken("connection was closed by the shim", null));
                    return;
                }

                _decoder.Receive(buffer.AsSpan(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidDataException)
        {
            Break(Broken($"connection failed: {e.Message}", e));
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var frame in _outgoing.Reader.ReadAllAsync())
            {
                for (var sent = 0; sent < frame.Length;)
                {
                    sent += await _socket.SendAsync(frame.AsMemory(sent));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Break(Broken($"connection failed: {e.Message}", e));
        }
    }

    private void Receive(FrameHeader header, ReadOnlySpan<byte> payload, bool oversized)
    {
        if (!_pending.TryGetValue(header.StreamId, out var call))
        {
            return;
        }

        if (oversized)
        {
            call.Fail(new TtrpcException(TtrpcStatusCode.ResourceExhausted, $"answer has {header.Length} bytes, more than 4 MiB"));
        }
        else if (header.Type == FrameType.Response)
        {
            call.Complete(payload);
        }
    }

    private void Break(TtrpcException reason)
    {
        if (Interlocked.CompareExchange(ref _broken, reason, null) is not null)
        {
            return;
        }

        _outgoing.Writer.TryComplete();
        _socket.Dispose();
        foreach (var call in _pending.Values)
        {
            call.Fail(reason);
        }

        _closed.TrySetResult();
    }
}
