using Grpc.Core;

namespace Cri.Grpc;

/// <summary>
/// Stands around every server method: readiness, logs, metrics and the mapping of exceptions are written once, here. Unlike
/// Grpc.Core's interceptor it is not generic, because a NativeAOT process pays over 100 KiB for each generic virtual method
/// that it resolves.
/// </summary>
public abstract class ServerInterceptor
{
    /// <summary>Around one call, unary or streaming. What this throws is what the caller is told.</summary>
    /// <param name="request">The request message.</param>
    /// <param name="context">The call.</param>
    /// <param name="continuation">Goes on to the next interceptor or the method; ends when that has ended.</param>
    public abstract Task InvokeAsync(object request, ServerCallContext context, Func<Task> continuation);
}
