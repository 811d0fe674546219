using Cri.Api.CrispV1;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.Grpc.Tests;

/// <summary>A service with streams both ways; what a call does is in its first message.</summary>
internal sealed class EchoImages : Images.ImagesBase
{
    /// <summary>Completes when the token of a call was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Answers each chunk with the sum of bytes so far, and the end of the requests with their number.</summary>
    public override async Task Import(
        IAsyncStreamReader<ImportRequest> requestStream, IServerStreamWriter<ImportEvent> responseStream, ServerCallContext context)
    {
        try
        {
            await SumAsync(requestStream, responseStream, context);
        }
        catch (Exception cancelled) when (cancelled is not RpcException)
        {
            Cancelled.TrySetResult();
            throw;
        }
    }

    private static async Task SumAsync(
        IAsyncStreamReader<ImportRequest> requestStream, IServerStreamWriter<ImportEvent> responseStream, ServerCallContext context)
    {
        ulong bytes = 0;
        var count = 0;
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            count++;
            if (requestStream.Current.Options?.Name == "refuse")
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "refused"));
            }

            bytes += (ulong)requestStream.Current.Chunk.Length;
            await responseStream.WriteAsync(new ImportEvent { Received = bytes });
        }

        await responseStream.WriteAsync(new ImportEvent { Image = new ImportedImage { ImageId = $"{count}" } });
    }

    /// <summary>A message with so many bytes.</summary>
    public static ImportRequest Chunk(int length) => new() { Chunk = ByteString.CopyFrom(new byte[length]) };
}
