namespace Cri.Streaming.Connections;

/// <summary>
/// Finds out whether a client that has closed its sending direction is still there to read: something that a client ignores is
/// sent now and then, and a client that is gone answers with a reset.
/// </summary>
internal static class GonePeerProbe
{
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(30);

    /// <summary>Probes until the client is gone.</summary>
    internal static async Task RunAsync(IByteChannel channel, Func<ValueTask> send)
    {
        try
        {
            for (var pause = _first; ; pause = pause * 2 < _longest ? pause * 2 : _longest)
            {
                await Task.Delay(pause, channel.Gone);
                await send();
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            channel.Abort();
        }
    }
}
