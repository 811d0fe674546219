using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Answers calls of methods that are not hosted.</summary>
internal sealed class UnknownMethodHandler(string path, string detail) : CallHandler("", path)
{
    protected override Task InvokeAsync(ServerCall call, HandlerSettings settings) =>
        throw new RpcException(new Status(StatusCode.Unimplemented, detail));
}
