namespace Cri.ImageService.Registry;

/// <summary>Ends a read that brings nothing for too long with a <see cref="TimeoutException"/>.</summary>
internal sealed class StallClock(TimeSpan limit, CancellationToken cancellation) : IDisposable
{
    private CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    internal async ValueTask<int> ReadAsync(Stream stream, Memory<byte> buffer)
    {
        _source.CancelAfter(limit);
        try
        {
            return await stream.ReadAsync(buffer, _source.Token);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {limit.TotalSeconds:0.#} s", error);
        }
        finally
        {
            Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    // What happens between reads, such as waiting for the disk, does not count.
    private void Reset()
    {
        if (_source.TryReset())
        {
            return;
        }

        _source.Dispose();
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }
}
