namespace Grpc.Core;

/// <summary>The invoker of a client that was made without one: every call says so.</summary>
internal sealed class UnconfiguredCallInvoker : CallInvoker
{
    public static readonly UnconfiguredCallInvoker Instance = new();

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw Unconfigured(method.FullName);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw Unconfigured(method.FullName);

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw Unconfigured(method.FullName);

    private static InvalidOperationException Unconfigured(string method) => new($"call {method}: the client has no channel");
}
