using Google.Protobuf;

namespace Cri.Ttrpc.Server;

/// <summary>Answers one call. The token is cancelled at the caller's deadline and when its connection closes.</summary>
public delegate Task<TResponse> TtrpcHandler<in TRequest, TResponse>(TRequest request, CancellationToken ct);

/// <summary>A method of a service: decodes the request, runs the handler.</summary>
public abstract class TtrpcMethod
{
    /// <summary>Binds a handler to the request's parser.</summary>
    public static TtrpcMethod Unary<TRequest, TResponse>(MessageParser<TRequest> parser, TtrpcHandler<TRequest, TResponse> handler)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage =>
        new UnaryMethod<TRequest, TResponse>(parser, handler);

    /// <summary>Decodes the request at once, then runs the handler.</summary>
    internal abstract Task<IMessage> InvokeAsync(ReadOnlySpan<byte> request, CancellationToken ct);

    private sealed class UnaryMethod<TRequest, TResponse>(MessageParser<TRequest> parser, TtrpcHandler<TRequest, TResponse> handler)
        : TtrpcMethod
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage
    {
        internal override Task<IMessage> InvokeAsync(ReadOnlySpan<byte> request, CancellationToken ct)
        {
            TRequest message;
            try
            {
                message = parser.ParseFrom(request);
            }
            catch (InvalidProtocolBufferException e)
            {
                throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"request cannot be decoded: {e.Message}", e);
            }

            return AnswerAsync(message, ct);
        }

        private async Task<IMessage> AnswerAsync(TRequest message, CancellationToken ct) => await handler(message, ct);
    }
}
