using Cri.Grpc.Client;

namespace Grpc.Core;

/// <summary>The invoker of a client that was made without one: every call says so.</summary>
internal sealed class UnconfiguredCallInvoker() : CallInvoker(int.MaxValue)
{
    public static readonly UnconfiguredCallInvoker Instance = new();

    private protected override ClientCall Start(string method, CallOptions options, HttpContent request, int maxMessageSize) =>
        throw new InvalidOperationException($"call {method}: the client has no channel");
}
