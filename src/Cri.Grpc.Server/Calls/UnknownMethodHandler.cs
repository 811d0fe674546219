using Grpc.Core;

namespace Cri.Grpc.Server.Calls;

/// <summary>Answers calls of methods that are not hosted.</summary>
internal sealed class UnknownMethodHandler(string detail) : CallHandler
{
    protected override Task InvokeAsync(HttpCallContext call) => throw new RpcException(new Status(StatusCode.Unimplemented, detail));
}
