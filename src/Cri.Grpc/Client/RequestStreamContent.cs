using System.Net;

namespace Cri.Grpc.Client;

/// <summary>A request body that is written piece by piece while the response is read already.</summary>
internal sealed class RequestStreamContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream of the connection, once there is one. Fails when the call ends before.</summary>
    public Task<Stream> Opened => _opened.Task;

    /// <summary>No more will be written.</summary>
    public void Finish() => _finished.TrySetResult();

    /// <summary>The call has ended: whoever waits to write learns it.</summary>
    public void End(Exception cause)
    {
        _opened.TrySetException(cause);
        _ = _opened.Task.Exception;
        _finished.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            // The headers go out at once, so that the server hears of the call before the first message.
            await stream.FlushAsync(cancellationToken);
            _opened.TrySetResult(stream);
            await _finished.Task.WaitAsync(cancellationToken);
        }
        catch (Exception e)
        {
            End(e);
            throw;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
