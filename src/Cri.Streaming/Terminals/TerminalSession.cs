namespace Cri.Streaming.Terminals;

/// <summary>Serves an exec or attach once its streams are there, whatever the wire.</summary>
/// <param name="request">What to serve.</param>
/// <param name="warn">Told of failures that are no fault of the client.</param>
/// <param name="stop">Ends when the server stops.</param>
internal sealed class TerminalSession(TerminalRequest request, Action<string> warn, CancellationToken stop)
{
    /// <summary>How long a client may take to open the streams that it asked for.</summary>
    internal static TimeSpan LongestCreation { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The request.</summary>
    internal TerminalRequest Request => request;

    /// <summary>Serves it; null when the client is gone, so that there is nobody to be told how it ended.</summary>
    internal async Task<TerminalOutcome?> ServeAsync(TerminalStreams streams, CancellationToken gone)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(gone, stop);
        try
        {
            return TerminalOutcome.Exited(await request.ServeAsync(streams, end.Token));
        }
        catch (StreamException error)
        {
            return TerminalOutcome.Failed(error.Message);
        }
        catch (Exception) when (gone.IsCancellationRequested)
        {
            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return TerminalOutcome.Failed("the container runtime is stopping");
        }
        catch (IOException error)
        {
            // The client has given up a stream that was still written to.
            return TerminalOutcome.Failed(error.Message);
        }
        catch (Exception error)
        {
            warn($"{request.PathSegment}: {error.GetType().Name}: {error.Message}");
            return TerminalOutcome.Failed($"{request.PathSegment}: {error.Message}");
        }
    }
}
