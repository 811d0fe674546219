using System.Globalization;

namespace Cri.Stress;

/// <summary>What a run of this project may be asked for by environment variables.</summary>
public static class StressOptions
{
    /// <summary>CRISP_STRESS_SEED: the seed of a run to repeat; a fresh one unless given.</summary>
    public static int Seed { get; } = Number("CRISP_STRESS_SEED") ?? Random.Shared.Next(1, int.MaxValue);

    /// <summary>CRISP_STRESS_SECONDS: how long the clients work, by default 35 s.</summary>
    public static TimeSpan Duration { get; } = TimeSpan.FromSeconds(Number("CRISP_STRESS_SECONDS") ?? 35);

    /// <summary>CRISP_SOAK_SECONDS: how long the churn goes on, by default 180 s.</summary>
    public static TimeSpan Soak { get; } = TimeSpan.FromSeconds(Number("CRISP_SOAK_SECONDS") ?? 180);

    /// <summary>CRISP_SCALE_PODS: how many pods of two containers each are held, by default 50.</summary>
    public static int Pods { get; } = Number("CRISP_SCALE_PODS") ?? 50;

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
