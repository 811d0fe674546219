using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>Errors in the words of the CRI: the code, then object, operation and cause.</summary>
public static class CriError
{
    /// <summary>The request itself is wrong.</summary>
    public static RpcException Invalid(string message) => new(new Status(StatusCode.InvalidArgument, message));

    /// <summary>The object is not in a state that allows the operation, or the host lacks what it needs.</summary>
    public static RpcException Precondition(string message) => new(new Status(StatusCode.FailedPrecondition, message));

    /// <summary>There is no such object.</summary>
    public static RpcException NotFound(string message) => new(new Status(StatusCode.NotFound, message));

    /// <summary>The same error with the operation and object put before its message.</summary>
    public static RpcException Wrap(string operation, RpcException cause) =>
        new(new Status(cause.StatusCode, $"{operation}: {cause.Status.Detail}"));
}
