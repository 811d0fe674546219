namespace Cri.ImageService.Tests.Fixtures;

/// <summary>Waits for what other threads bring about.</summary>
public static class Until
{
    public static async Task TrueAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
