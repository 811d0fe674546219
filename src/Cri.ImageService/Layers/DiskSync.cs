using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>
/// syncfs for many at once: whoever asks while one runs shares the next one, since the running one may have
/// begun before their last write. A pull of a hundred small layers so costs a few syncs, not a hundred.
/// </summary>
internal sealed class DiskSync(string path)
{
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;

    /// <summary>Completes when everything written before the call is on stable storage.</summary>
    internal Task FlushAsync()
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

        SyncFs.FileSystem(path);
    }
}
