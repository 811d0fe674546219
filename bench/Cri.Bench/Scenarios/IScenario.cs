using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>Something to measure at each endpoint, round by round, the endpoints taking turns.</summary>
public interface IScenario
{
    /// <summary>Its name, as <c>--scenarios</c> takes it.</summary>
    string Name { get; }

    /// <summary>How many rounds it needs at most; the rest are left out, for what is long.</summary>
    int MostRounds { get; }

    /// <summary>Makes what all rounds need at an endpoint.</summary>
    Task PrepareAsync(Endpoint endpoint);

    /// <summary>Measures once.</summary>
    Task RoundAsync(Endpoint endpoint, Measurements measurements);

    /// <summary>Removes what <see cref="PrepareAsync"/> made.</summary>
    Task CleanAsync(Endpoint endpoint);
}
