using System.Diagnostics;

namespace Cri.Testing.Pods;

/// <summary>Waits for what the runtime does on its own time.</summary>
public static class Eventually
{
    /// <summary>Gets a value again and again until it is <paramref name="wanted"/>; fails after 30 s with the last one.</summary>
    public static async Task<T> GetAsync<T>(Func<Task<T>> get, Predicate<T> wanted, string what)
    {
        var limit = Stopwatch.StartNew();
        while (true)
        {
            var value = await get();
            if (wanted(value))
            {
                return value;
            }

            if (limit.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new TimeoutException($"waited 30 s until {what}; last: {value}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a condition holds; fails after 30 s.</summary>
    public static Task HoldsAsync(Func<bool> condition, string what) => GetAsync(() => Task.FromResult(condition()), holds => holds, what);
}
