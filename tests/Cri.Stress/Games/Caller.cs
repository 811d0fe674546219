using Cri.Api.V1;
using Cri.Grpc;
using Cri.Stress.Histories;
using Grpc.Core;

namespace Cri.Stress.Games;

/// <summary>A connection of its own to the endpoint, whose calls are recorded.</summary>
public sealed class Caller : IDisposable
{
    // Far beyond what any call may take; a call that hangs is answered by the client's own refusal, which no model explains.
    private static readonly TimeSpan _hung = TimeSpan.FromMinutes(3);
    private static long _count;
    private readonly UnixChannel _channel;

    /// <summary>Connects.</summary>
    public Caller(string socket)
    {
        _channel = new UnixChannel(socket);
        Runtime = new RuntimeService.RuntimeServiceClient(_channel);
        Images = new ImageService.ImageServiceClient(_channel);
    }

    /// <summary>How many calls were recorded, by all callers.</summary>
    public static long Count => Interlocked.Read(ref _count);

    /// <summary>The runtime half.</summary>
    public RuntimeService.RuntimeServiceClient Runtime { get; }

    /// <summary>The image half.</summary>
    public ImageService.ImageServiceClient Images { get; }

    /// <summary>Makes a call and records it in each of the histories. After <paramref name="patience"/> the client gives up.</summary>
    public static async Task<Answer> RecordAsync(
        Call call, TimeSpan? patience, Func<CancellationToken, Task<Answer>> send, params History[] histories)
    {
        Interlocked.Increment(ref _count);
        using var limit = new CancellationTokenSource(patience ?? _hung);
        var begun = call with { Invoked = History.Next() };
        var answer = await AnswerAsync(send, limit.Token);
        if (answer.IsUnknown && patience is null)
        {
            answer = new Answer(StatusCode.DeadlineExceeded, $"no answer within {_hung.TotalSeconds} s");
        }

        var ended = begun with { Answer = answer, Returned = answer.IsUnknown ? long.MaxValue : History.Next() };
        Array.ForEach(histories, history => history.Add(ended));
        return answer;
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private static async Task<Answer> AnswerAsync(Func<CancellationToken, Task<Answer>> send, CancellationToken cancellationToken)
    {
        try
        {
            return await send(cancellationToken);
        }
        catch (RpcException error) when (cancellationToken.IsCancellationRequested && error.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
        {
            return Answer.Unknown;
        }
        catch (OperationCanceledException)
        {
            return Answer.Unknown;
        }
        catch (RpcException error)
        {
            return new Answer(error.StatusCode, error.Status.Detail);
        }
    }
}
