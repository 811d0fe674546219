using Cri.Ttrpc.Wire;

namespace Cri.Ttrpc.Server;

/// <summary>
/// The server's side of one connection without any I/O: bytes go in, frames come out. Not thread-safe: its host calls it,
/// and completes what the handlers await, on one thread or under one lock.
/// </summary>
public sealed class TtrpcServerConnection : IDisposable
{
    private readonly TtrpcDispatcher _dispatcher;
    private readonly Action<byte[]> _send;
    private readonly TimeProvider _time;
    private readonly FrameDecoder _decoder;
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Starts a connection.</summary>
    /// <param name="dispatcher">The methods.</param>
    /// <param name="send">Takes a whole frame to send; must not block.</param>
    /// <param name="time">Runs the deadlines.</param>
    public TtrpcServerConnection(TtrpcDispatcher dispatcher, Action<byte[]> send, TimeProvider time)
    {
        _dispatcher = dispatcher;
        _send = send;
        _time = time;
        _decoder = new FrameDecoder(Receive);
    }

    /// <summary>Calls that have not been answered yet.</summary>
    public int InFlight { get; private set; }

    /// <summary>Takes the next bytes from the client; whole requests start to run. Their failures are answered, never thrown.</summary>
    public void Receive(ReadOnlySpan<byte> bytes) => _decoder.Receive(bytes);

    /// <summary>Ends the connection: the tokens of its calls are cancelled and nothing more is sent.</summary>
    public void Dispose()
    {
        if (!_closed.IsCancellationRequested)
        {
            _closed.Cancel();
            _closed.Dispose();
        }
    }

    private void Receive(FrameHeader header, ReadOnlySpan<byte> payload, bool oversized)
    {
        if (header.Type != FrameType.Request)
        {
            return;
        }

        if (header.StreamId % 2 == 0)
        {
            _send(ResponseEnvelope.Frame(header.StreamId, TtrpcStatusCode.InvalidArgument, "a client's stream id must be odd"));
        }
        else if (oversized)
        {
            _send(ResponseEnvelope.Frame(
                header.StreamId, TtrpcStatusCode.ResourceExhausted, $"request has {header.Length} bytes, more than 4 MiB"));
        }
        else
        {
            Dispatch(header.StreamId, payload);
        }
    }

    private void Dispatch(uint stream, ReadOnlySpan<byte> payload)
    {
        try
        {
            var request = RequestEnvelope.Read(payload);
            var method = _dispatcher.Find(request.Service, request.Method);
            var call = new ServerCall(request.TimeoutNanos, _time, _closed.Token);
            _ = AnswerAsync(stream, call, method.InvokeAsync(request.Payload, call.Token));
        }
        catch (Exception e)
        {
            var code = e switch
            {
                TtrpcException refused => refused.Code,
                InvalidDataException => TtrpcStatusCode.InvalidArgument,
                _ => TtrpcStatusCode.Unknown,
            };
            _send(ResponseEnvelope.Frame(stream, code, e.Message));
        }
    }

    // The error number of a failed call is its exception's HResult: ENOMEM, ENFILE, EMFILE, ENOSPC, EDQUOT (errno(3)).
    private static bool IsExhausted(Exception e) => e is OutOfMemoryException or IOException { HResult: 12 or 23 or 24 or 28 or 122 };

    private async Task AnswerAsync(uint stream, ServerCall call, Task<Google.Protobuf.IMessage> answer)
    {
        InFlight++;
        byte[] frame;
        try
        {
            frame = ResponseEnvelope.Frame(stream, await answer.WaitAsync(call.Token));
        }
        catch (TtrpcException e)
        {
            frame = ResponseEnvelope.Frame(stream, e.Code, e.Message);
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            frame = ResponseEnvelope.Frame(stream, TtrpcStatusCode.DeadlineExceeded, "the call did not end within its deadline");
        }
        catch (Exception e)
        {
            // The boundary of the process: whatever failed, its caller is told in words.
            frame = ResponseEnvelope.Frame(stream, IsExhausted(e) ? TtrpcStatusCode.ResourceExhausted : TtrpcStatusCode.Unknown, e.Message);
        }
        finally
        {
            InFlight--;
            call.Dispose();
        }

        if (!_closed.IsCancellationRequested)
        {
            _send(frame);
        }
    }
}
