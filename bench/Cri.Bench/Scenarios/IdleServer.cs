using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>The server with nothing to do.</summary>
public sealed class IdleServer : IScenario
{
    /// <inheritdoc/>
    public string Name => "idle";

    /// <inheritdoc/>
    public int MostRounds => 1;

    /// <inheritdoc/>
    public Task PrepareAsync(Endpoint endpoint) => endpoint.Server.SettleAsync();

    /// <inheritdoc/>
    public Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        measurements.Add(new Figure(Name, "RSS of the server", "MB"), endpoint.Name, ProcessMemory.Of(endpoint.Server.Pid).Resident);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CleanAsync(Endpoint endpoint) => Task.CompletedTask;
}
