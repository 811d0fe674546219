namespace Cri.ImageService.Registry;

/// <summary>
/// Pauses between attempts. Each is twice the one before, up to a bound, and cut by chance to between half and all of that, so
/// that clients who broke off together do not come back together.
/// </summary>
internal sealed class Backoff(ImageServiceOptions options)
{
    /// <summary>The pause before a retry, counted from 0; at least what the host asked for, within bounds.</summary>
    internal TimeSpan Before(int retry, TimeSpan? asked = null)
    {
        var doubled = options.RetryDelay * Math.Pow(2, Math.Min(retry, 20));
        var pause = Shorter(doubled, options.RetryDelayMax) * (0.5 + (Random.Shared.NextDouble() / 2));
        var wished = Shorter(asked ?? TimeSpan.Zero, options.RetryAfterMax);
        return wished > pause ? wished : pause;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
