using System.Net.Sockets;
using Cri.Linux;
using Cri.RuntimeService.Cni;
using Cri.Ttrpc;
using Grpc.Core;

namespace Cri.Server.Interception;

/// <summary>Turns whatever a verb throws into a gRPC status; the only place that does.</summary>
public static class ErrorMapping
{
    /// <summary>The status of an error, with its own words.</summary>
    public static Status ToStatus(Exception error, CancellationToken call) => error switch
    {
        RpcException rpc => rpc.Status,
        OperationCanceledException when call.IsCancellationRequested => new Status(StatusCode.Cancelled, "the caller gave up"),
        OperationCanceledException or TimeoutException => new Status(StatusCode.DeadlineExceeded, error.Message),
        TtrpcException shim => new Status((StatusCode)(int)shim.Code, $"shim: {shim.Message}"),
        CniException cni => new Status(OfCni(cni.Failure), cni.Message),
        ArgumentException or FormatException => new Status(StatusCode.InvalidArgument, error.Message),
        IOException io => new Status(OfErrno((Errno)io.HResult), io.Message),
        UnauthorizedAccessException denied => new Status(StatusCode.PermissionDenied, denied.Message),
        TaskSchedulerException => new Status(StatusCode.ResourceExhausted, $"no thread can be started: {error.InnerException?.Message}"),
        OutOfMemoryException => new Status(StatusCode.ResourceExhausted, "crispd is out of memory"),
        SocketException socket => new Status(OfSocket(socket.SocketErrorCode), $"socket: {socket.Message}"),
        _ => new Status(StatusCode.Internal, $"{error.GetType().Name}: {error.Message}"),
    };

    private static StatusCode OfCni(CniFailure failure) => failure switch
    {
        CniFailure.NotReady or CniFailure.PluginMissing => StatusCode.FailedPrecondition,
        CniFailure.InvalidRequest => StatusCode.InvalidArgument,
        CniFailure.Timeout => StatusCode.DeadlineExceeded,
        _ => StatusCode.Unavailable,
    };

    // The framework keeps the error number of a failed call as the HResult of its IOException.
    private static StatusCode OfErrno(Errno error) => error switch
    {
        Errno.ENOSPC or Errno.EDQUOT or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE => StatusCode.ResourceExhausted,
        Errno.EIO => StatusCode.Unavailable,
        Errno.EROFS or Errno.EBUSY => StatusCode.FailedPrecondition,
        Errno.EACCES or Errno.EPERM => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };

    private static StatusCode OfSocket(SocketError error) => error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable
        ? StatusCode.ResourceExhausted
        : StatusCode.Unavailable;
}
