using System.Buffers;
using System.IO.Pipelines;
using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Reads the requests of a call.</summary>
internal static class RequestReader
{
    /// <summary>
    /// Reads one message and the end of the body. Throws RpcException: UNIMPLEMENTED for any other number of messages or a
    /// compressed one, RESOURCE_EXHAUSTED for one over the limit, INTERNAL for a truncated or malformed one.
    /// </summary>
    public static async Task<T> ReadSingleAsync<T>(
        PipeReader body, Marshaller<T> marshaller, int maxMessageSize, CancellationToken cancellationToken)
    {
        var length = await ReadPrefixAsync(body, maxMessageSize, cancellationToken);
        var message = length == 0
            ? ReceivedMessage.Parse(marshaller, ReadOnlySequence<byte>.Empty)
            : await TakeAsync(body, length, payload => ReceivedMessage.Parse(marshaller, payload), cancellationToken);
        if (await HasMoreAsync(body, cancellationToken))
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, "read request: more than one message for a method that takes one"));
        }

        return message;
    }

    /// <summary>
    /// Reads one message of a stream; null at its end. Throws RpcException: UNIMPLEMENTED for a compressed one,
    /// RESOURCE_EXHAUSTED for one over the limit, INTERNAL for a truncated or malformed one.
    /// </summary>
    public static async Task<T?> ReadNextAsync<T>(
        PipeReader body, Marshaller<T> marshaller, int maxMessageSize, CancellationToken cancellationToken)
        where T : class
    {
        if (!await HasMoreAsync(body, cancellationToken))
        {
            return null;
        }

        var length = await ReadPrefixAsync(body, maxMessageSize, cancellationToken);
        return length == 0
            ? ReceivedMessage.Parse(marshaller, ReadOnlySequence<byte>.Empty)
            : await TakeAsync(body, length, payload => ReceivedMessage.Parse(marshaller, payload), cancellationToken);
    }

    private static Task<int> ReadPrefixAsync(PipeReader body, int maxMessageSize, CancellationToken cancellationToken) =>
        TakeAsync(body, LengthPrefix.Size, prefix => LengthPrefix.Read(prefix.ToArray(), maxMessageSize), cancellationToken);

    private static async Task<T> TakeAsync<T>(
        PipeReader body, int length, Func<ReadOnlySequence<byte>, T> parse, CancellationToken cancellationToken)
    {
        var result = await body.ReadAtLeastAsync(length, cancellationToken);
        var taken = result.Buffer.Slice(0, Math.Min(length, result.Buffer.Length));
        try
        {
            return taken.Length == length ? parse(taken) : throw Truncated(taken.Length, length);
        }
        finally
        {
            body.AdvanceTo(taken.End);
        }
    }

    private static async Task<bool> HasMoreAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var rest = await body.ReadAsync(cancellationToken);
        var more = !rest.Buffer.IsEmpty;
        body.AdvanceTo(rest.Buffer.Start);
        return more;
    }

    private static RpcException Truncated(long read, int expected) => read == 0 && expected == LengthPrefix.Size
        ? new(new Status(StatusCode.Unimplemented, "read request: no message"))
        : new(new Status(StatusCode.Internal, $"read request: it ends after {read} of {expected} bytes"));
}
