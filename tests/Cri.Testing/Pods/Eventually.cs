using System.Diagnostics;

namespace Cri.Testing.Pods;

/// <summary>Waits for what the runtime does on its own time.</summary>
public static class Eventually
{
    /// <summary>How long the tests wait for anything: the variable CRISP_TEST_PATIENCE in seconds, for slow machines, else 60 s.</summary>
    public static TimeSpan Patience { get; } =
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("CRISP_TEST_PATIENCE"), out var seconds) ? seconds : 60);

    /// <summary>Gets a value again and again until it is <paramref name="wanted"/>; fails after <see cref="Patience"/> with the last one.</summary>
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

            if (limit.Elapsed > Patience)
            {
                throw new TimeoutException($"waited {Patience.TotalSeconds} s until {what}; last: {value}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a condition holds; fails after <see cref="Patience"/>.</summary>
    public static Task HoldsAsync(Func<bool> condition, string what) => GetAsync(() => Task.FromResult(condition()), holds => holds, what);
}
