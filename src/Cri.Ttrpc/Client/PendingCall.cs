using Cri.Ttrpc.Wire;
using Google.Protobuf;

namespace Cri.Ttrpc;

/// <summary>Decodes an answer from the bytes of a frame.</summary>
internal delegate IMessage AnswerParser(ReadOnlySpan<byte> payload);

/// <summary>A call that waits for its answer.</summary>
internal sealed class PendingCall(AnswerParser parser)
{
    private readonly TaskCompletionSource<IMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<IMessage> Answer => _answer.Task;

    public void Complete(ReadOnlySpan<byte> frame)
    {
        try
        {
            var response = ResponseEnvelope.Read(frame);
            if (response.Code == TtrpcStatusCode.Ok)
            {
                _answer.TrySetResult(parser(response.Payload));
            }
            else
            {
                _answer.TrySetException(new TtrpcException(response.Code, response.Message));
            }
        }
        catch (Exception e) when (e is InvalidDataException or InvalidProtocolBufferException)
        {
            _answer.TrySetException(new TtrpcException(TtrpcStatusCode.Internal, $"answer cannot be decoded: {e.Message}", e));
        }
    }

    public void Fail(TtrpcException reason) => _answer.TrySetException(reason);
}
