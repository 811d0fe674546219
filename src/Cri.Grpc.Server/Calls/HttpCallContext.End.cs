using Cri.Grpc.Wire;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Cri.Grpc.Server.Calls;

/// <summary>Why a call ends: its deadline, its caller, a server that stops, or an exception.</summary>
internal sealed partial class HttpCallContext
{
    private DateTime _deadline = DateTime.MaxValue;
    private long _deadlineTicks = long.MaxValue;
    private bool _malformedTimeout;

    public override void CheckProtocol()
    {
        if (_malformedTimeout)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"malformed grpc-timeout \"{_request.Headers[GrpcHeaderNames.Timeout]}\""));
        }

        var encoding = _request.Headers[GrpcHeaderNames.Encoding].ToString();
        if (encoding is not ("" or GrpcHeaderNames.Identity))
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, $"grpc-encoding {encoding} is not supported, only identity"));
        }
    }

    public override void EndWhenStopping() =>
        _stoppingRegistration = _stopping.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _callEnd);

    public override Status StatusOf(Exception exception)
    {
        switch (exception)
        {
            case RpcException rpc when rpc.StatusCode != StatusCode.Cancelled || !_callEnd.IsCancellationRequested:
                _exceptionTrailers = rpc.Trailers;
                return rpc.Status;
            case var _ when _callEnd.IsCancellationRequested:
                return CauseOfCancellation();
            default:
                return new Status(StatusCode.Unknown, exception.Message, exception);
        }
    }

    private Status CauseOfCancellation() =>
        _aborted.IsCancellationRequested ? new(StatusCode.Cancelled, $"{Method}: given up by the caller")
        : _deadlineTicks <= Environment.TickCount64 ? new(StatusCode.DeadlineExceeded, $"{Method}: the deadline passed")
        : _stopping.IsCancellationRequested ? new(StatusCode.Unavailable, $"{Method}: the server is stopping")
        : new(StatusCode.DeadlineExceeded, $"{Method}: the deadline passed");

    private void StartDeadline()
    {
        if (_request.Headers[GrpcHeaderNames.Timeout] is not [{ } text])
        {
            return;
        }

        if (!GrpcTimeout.TryParse(text, out var timeout))
        {
            _malformedTimeout = true;
            return;
        }

        _deadline = DateTime.UtcNow + timeout;
        _deadlineTicks = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        _callEnd.CancelAfter(timeout);
    }
}
