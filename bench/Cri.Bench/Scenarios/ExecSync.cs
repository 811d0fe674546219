using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>ExecSync of <c>true</c>, one after the other.</summary>
public sealed class ExecSync(BenchOptions options) : IScenario
{
    private const int ExecsInARound = 20;
    private readonly Dictionary<Endpoint, (BenchPod Pod, string Container)> _pods = [];

    /// <inheritdoc/>
    public string Name => "exec";

    /// <inheritdoc/>
    public int MostRounds => int.MaxValue;

    /// <inheritdoc/>
    public async Task PrepareAsync(Endpoint endpoint)
    {
        var pod = await BenchPod.New(endpoint, options).RunAsync();
        _pods[endpoint] = (pod, await pod.StartAsync(await pod.CreateAsync()));
    }

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        var (pod, container) = _pods[endpoint];
        for (var i = 0; i < ExecsInARound; i++)
        {
            await measurements.TimeAsync(new Figure(Name, "ExecSync true", "ms"), endpoint.Name, () => pod.ExecAsync(container));
        }
    }

    /// <inheritdoc/>
    public async Task CleanAsync(Endpoint endpoint) => await (await _pods[endpoint].Pod.StopAsync()).RemoveAsync();
}
