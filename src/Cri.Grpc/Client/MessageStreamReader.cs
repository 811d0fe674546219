using System.Buffers;
using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Client;

/// <summary>Takes messages off a response body one by one.</summary>
internal sealed class MessageStreamReader(Stream body, int maxMessageSize)
{
    private readonly byte[] _prefix = new byte[LengthPrefix.Size];

    /// <summary>The next message, or null at the end of the body. Throws INTERNAL when the body ends inside a message.</summary>
    public async Task<T?> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        var read = await body.ReadAtLeastAsync(_prefix, LengthPrefix.Size, throwOnEndOfStream: false, cancellationToken);
        if (read == 0)
        {
            return null;
        }

        var length = read == LengthPrefix.Size ? LengthPrefix.Read(_prefix, maxMessageSize) : throw Truncated(read, LengthPrefix.Size);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            read = await body.ReadAtLeastAsync(buffer.AsMemory(0, length), length, throwOnEndOfStream: false, cancellationToken);
            return read == length
                ? ReceivedMessage.Parse(marshaller, new ReadOnlySequence<byte>(buffer, 0, length))
                : throw Truncated(read, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static RpcException Truncated(int read, int expected) =>
        new(new Status(StatusCode.Internal, $"read response: it ends after {read} of {expected} bytes"));
}
