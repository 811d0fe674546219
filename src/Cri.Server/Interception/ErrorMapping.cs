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
        LinuxException linux => new Status(OfErrno(linux), linux.Message),
        ArgumentException or FormatException => new Status(StatusCode.InvalidArgument, error.Message),
        IOException io => new Status(StatusCode.Internal, io.Message),
        UnauthorizedAccessException denied => new Status(StatusCode.PermissionDenied, denied.Message),
        _ => new Status(StatusCode.Internal, $"{error.GetType().Name}: {error.Message}"),
    };

    private static StatusCode OfCni(CniFailure failure) => failure switch
    {
        CniFailure.NotReady or CniFailure.PluginMissing => StatusCode.FailedPrecondition,
        CniFailure.InvalidRequest => StatusCode.InvalidArgument,
        CniFailure.Timeout => StatusCode.DeadlineExceeded,
        _ => StatusCode.Unavailable,
    };

    private static StatusCode OfErrno(LinuxException error) => error switch
    {
        { IsExhausted: true } => StatusCode.ResourceExhausted,
        { Error: Errno.EROFS or Errno.EBUSY } => StatusCode.FailedPrecondition,
        { Error: Errno.EACCES or Errno.EPERM } => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };
}
