using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>What all handlers of a server have in common.</summary>
/// <param name="Interceptors">What stands around every method, outermost first.</param>
/// <param name="MaxMessageSize">The largest message either way, in bytes.</param>
/// <param name="StreamingAlternatives">The streaming method, by full name, to which a unary one's caller is referred when the answer is too large.</param>
internal sealed record HandlerSettings(
    IReadOnlyList<ServerInterceptor> Interceptors, int MaxMessageSize, IReadOnlyDictionary<string, string> StreamingAlternatives)
{
    /// <summary>Runs a method within the interceptors.</summary>
    public Task InterceptAsync(object request, ServerCallContext context, Func<Task> method) =>
        InterceptAsync(request, context, method, 0);

    private Task InterceptAsync(object request, ServerCallContext context, Func<Task> method, int index) =>
        index == Interceptors.Count
            ? method()
            : Interceptors[index].InvokeAsync(request, context, () => InterceptAsync(request, context, method, index + 1));
}
