using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>
/// syncfs for many at once: whoever asks while one runs shares the next one, since the running one may have
/// begun before their last write. A pull of a hundred small layers so costs a few syncs, not a hundred.
/// The kernel tells of data that it could not write once only, to the next sync: with <see cref="Failures"/> everyone
/// whose data may have been among it learns of it.
/// </summary>
internal sealed class DiskSync(string path)
{
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;
    private int _failures;

    /// <summary>How often a sync has failed. Data written before the last time it rose may be lost.</summary>
    internal int Failures => Volatile.Read(ref _failures);

    /// <summary>Completes when everything written before the call is on stable storage.</summary>
    /// <param name="failuresBefore">What <see cref="Failures"/> was before the first of the writes.</param>
    /// <exception cref="IOException">It may not be.</exception>
    internal async Task FlushAsync(int failuresBefore)
    {
        await EnterAsync();
        if (Failures != failuresBefore)
        {
            throw new IOException($"{path}: the disk failed to store what was written lately");
        }
    }

    private Task EnterAsync()
    {
        lock (_lock)
        {
            return _next ??= RunAfterAsync(_running);
        }
    }

    private async Task RunAfterAsync(Task previous)
    {
        await Task.Yield();
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            // From here on a newcomer's writes may be missed, so the next caller starts another one.
            (_running, _next) = (_next!, null);
        }

        try
        {
            SyncFs.FileSystem(path);
        }
        catch
        {
            Interlocked.Increment(ref _failures);
            throw;
        }
    }
}
