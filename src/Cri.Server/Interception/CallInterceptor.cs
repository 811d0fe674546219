using System.Diagnostics;
using Cri.Grpc;
using Cri.Linux.Tracing;
using Cri.Server.Logging;
using Cri.Ttrpc;
using Grpc.Core;

namespace Cri.Server.Interception;

/// <summary>What every call passes through: the log line, the metrics, the span, and the mapping of errors to a status.</summary>
/// <param name="log">Where failed and, at debug level, all calls are written. Requests are never logged: they hold secrets.</param>
/// <param name="metrics">Counts calls and measures their time.</param>
public sealed class CallInterceptor(Logger log, CallMetrics metrics) : ServerInterceptor
{
    private const string TraceParent = "traceparent";

    /// <inheritdoc/>
    public override async Task InvokeAsync(object request, ServerCallContext context, Func<Task> continuation)
    {
        var started = Stopwatch.GetTimestamp();
        using var call = RequestSubject.HasSteps(request)
            ? Spans.BeginCall(Verb(context.Method), RequestSubject.Of(request), context.RequestHeaders.GetValue(TraceParent))
            : null;
        try
        {
            await continuation();
            Report(context.Method, Status.DefaultSuccess, started);
        }
        catch (Exception error)
        {
            var failure = Failed(request, context, error, started);
            call?.SetStatus(ActivityStatusCode.Error, $"{failure.StatusCode}: {failure.Status.Detail}");
            throw failure;
        }
    }

    private RpcException Failed(object request, ServerCallContext context, Exception error, long started)
    {
        var status = ErrorMapping.ToStatus(error, context.CancellationToken);
        if (error is IOException or UnauthorizedAccessException or OutOfMemoryException or TtrpcException && RequestSubject.Of(request) is { Length: > 0 } subject)
        {
            status = new Status(status.StatusCode, $"{Verb(context.Method)} of {subject}: {status.Detail}");
        }

        Report(context.Method, status, started);
        if (status.StatusCode == StatusCode.Internal)
        {
            log.Error("unexpected failure", ("method", Verb(context.Method)), ("exception", error.ToString()));
        }

        return error as RpcException ?? new RpcException(status);
    }

    private void Report(string method, Status status, long started)
    {
        var elapsed = Stopwatch.GetElapsedTime(started);
        metrics.Count(Verb(method), status.StatusCode, elapsed);
        if (status.StatusCode is StatusCode.OK or StatusCode.NotFound or StatusCode.Cancelled)
        {
            log.Debug("call", ("method", Verb(method)), ("code", status.StatusCode.ToString()), ("ms", Milliseconds(elapsed)));
        }
        else
        {
            log.Warn("call failed", ("method", Verb(method)), ("code", status.StatusCode.ToString()), ("error", status.Detail), ("ms", Milliseconds(elapsed)));
        }
    }

    private static string Milliseconds(TimeSpan elapsed) => elapsed.TotalMilliseconds.ToString("0.0");

    private static string Verb(string method) => method[(method.LastIndexOf('/') + 1)..];
}
