using Cri.Ttrpc;
using Grpc.Core;

namespace Cri.RuntimeService.Shims;

/// <summary>ttrpc uses the numbers of gRPC's status codes (google.rpc.Code).</summary>
public static class TtrpcStatus
{
    /// <summary>The status code of a failed call.</summary>
    public static StatusCode ToGrpc(TtrpcException error) =>
        Enum.IsDefined((StatusCode)(int)error.Code) ? (StatusCode)(int)error.Code : StatusCode.Unknown;
}
