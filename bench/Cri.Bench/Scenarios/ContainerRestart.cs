using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>What a kubelet does when a container has ended: create it anew in its pod, start it, remove the old one.</summary>
public sealed class ContainerRestart(BenchOptions options) : IScenario
{
    private const int RestartsInARound = 4;
    private readonly Dictionary<Endpoint, BenchPod> _pods = [];

    /// <inheritdoc/>
    public string Name => "container-restart";

    /// <inheritdoc/>
    public int MostRounds => int.MaxValue;

    /// <inheritdoc/>
    public async Task PrepareAsync(Endpoint endpoint) => _pods[endpoint] = await BenchPod.New(endpoint, options).RunAsync();

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        Task<T> Timed<T>(string call, Func<Task<T>> run) => measurements.TimeAsync(new Figure(Name, call, "ms"), endpoint.Name, run);
        var pod = _pods[endpoint];
        for (var i = 0; i < RestartsInARound; i++)
        {
            var container = await Timed("create and start in a running pod", async () => await pod.StartAsync(await pod.CreateAsync()));
            await Timed("StopContainer without grace", () => endpoint.Runtime.StopContainerAsync(
                new V1.StopContainerRequest { ContainerId = container, Timeout = 0 }).ResponseAsync);
            await Timed("RemoveContainer", () => endpoint.Runtime.RemoveContainerAsync(
                new V1.RemoveContainerRequest { ContainerId = container }).ResponseAsync);
        }
    }

    /// <inheritdoc/>
    public async Task CleanAsync(Endpoint endpoint) => await (await _pods[endpoint].StopAsync()).RemoveAsync();
}
