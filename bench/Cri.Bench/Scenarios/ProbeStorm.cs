using Cri.Bench.Measuring;
using Grpc.Core;

namespace Cri.Bench.Scenarios;

/// <summary>Exec probes as a full node has them: each of many containers is asked once a second, for ten seconds.</summary>
public sealed class ProbeStorm(BenchOptions options) : IScenario
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);
    private const int Periods = 10;
    private readonly Dictionary<Endpoint, ContainerCrowd> _crowds = [];

    /// <inheritdoc/>
    public string Name => "probe-storm";

    /// <inheritdoc/>
    public int MostRounds => 5;

    /// <inheritdoc/>
    public async Task PrepareAsync(Endpoint endpoint)
    {
        _crowds[endpoint] = new ContainerCrowd(endpoint, options);
        await _crowds[endpoint].GrowAsync(options.Probes);
    }

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        var succeeded = await Task.WhenAll(_crowds[endpoint].Containers.Select(
            (container, index) => ProbeAsync(endpoint, container.Pod, container.Container, _period * index / options.Probes, measurements)));
        measurements.Add(new Figure(Name, $"of {options.Probes} containers, those where an exec failed in a round", ""), endpoint.Name, succeeded.Count(ok => !ok));
    }

    /// <inheritdoc/>
    public Task CleanAsync(Endpoint endpoint) => _crowds[endpoint].RemoveAsync();

    // Some servers lose an exec now and then, and with it the container for all others, which is a result too.
    private async Task<bool> ProbeAsync(Endpoint endpoint, BenchPod pod, string container, TimeSpan offset, Measurements measurements)
    {
        await Task.Delay(offset);
        using var timer = new PeriodicTimer(_period);
        for (var i = 0; i < Periods; i++)
        {
            var figure = new Figure(Name, $"ExecSync true, {options.Probes} containers once a second", "ms");
            try
            {
                await measurements.TimeAsync(figure, endpoint.Name, () => pod.ExecAsync(container));
            }
            catch (RpcException)
            {
                return false;
            }

            await timer.WaitForNextTickAsync();
        }

        return true;
    }
}
