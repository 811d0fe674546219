using System.Net.Sockets;
using Grpc.Core;

namespace Cri.Grpc.Client;

/// <summary>Turns what broke below a call into the status its caller sees.</summary>
internal static class CallFailure
{
    private const long Http2Cancel = 0x8;
    private const long Http2RefusedStream = 0x7;

    /// <summary>The exception for a failed call.</summary>
    /// <param name="cause">What was thrown.</param>
    /// <param name="operation">What was being done, for the message.</param>
    /// <param name="givenUp">CANCELLED or DEADLINE_EXCEEDED when it was this side that ended the call.</param>
    public static RpcException Describe(Exception cause, string operation, StatusCode? givenUp) => givenUp switch
    {
        StatusCode.DeadlineExceeded => New(StatusCode.DeadlineExceeded, $"{operation}: the deadline passed", cause),
        { } code => New(code, $"{operation}: given up by the caller", cause),
        null when FindConnectFailure(cause) is { } failure => New(StatusCode.Unavailable, failure.Message, cause),
        null => New(CodeOf(cause), $"{operation}: {Innermost(cause).Message}", cause),
    };

    private static StatusCode CodeOf(Exception cause)
    {
        for (var e = cause; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case HttpProtocolException { ErrorCode: Http2Cancel }:
                    return StatusCode.Cancelled;
                case HttpProtocolException { ErrorCode: 0 or Http2RefusedStream }:
                case SocketException:
                    return StatusCode.Unavailable;
                case HttpProtocolException:
                    return StatusCode.Internal;
            }
        }

        return cause is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException
            ? StatusCode.Unavailable
            : StatusCode.Internal;
    }

    private static ConnectException? FindConnectFailure(Exception? cause) =>
        cause as ConnectException ?? (cause?.InnerException is { } inner ? FindConnectFailure(inner) : null);

    private static Exception Innermost(Exception cause) => cause.InnerException is { } inner ? Innermost(inner) : cause;

    private static RpcException New(StatusCode code, string detail, Exception cause) => new(new Status(code, detail, cause));
}
