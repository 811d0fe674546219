using Cri.Bench.Measuring;

namespace Cri.Bench.Scenarios;

/// <summary>
/// What a kubelet asks over and over, with so many running containers. The lists are measured to their last byte, without decoding them:
/// that takes longer than the rest and is the client's.
/// </summary>
public sealed class Lists(BenchOptions options, int containers) : IScenario
{
    private const int CallsInARound = 10;
    private readonly Dictionary<Endpoint, ContainerCrowd> _crowds = [];

    /// <inheritdoc/>
    public string Name => $"lists-{containers}";

    /// <inheritdoc/>
    public int MostRounds => int.MaxValue;

    /// <inheritdoc/>
    public async Task PrepareAsync(Endpoint endpoint)
    {
        _crowds[endpoint] = new ContainerCrowd(endpoint, options);
        await _crowds[endpoint].GrowAsync(containers);
    }

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        Task<T> Timed<T>(string call, Func<Task<T>> run) => measurements.TimeAsync(new Figure(Name, call, "ms"), endpoint.Name, run);
        var status = new V1.ContainerStatusRequest { ContainerId = _crowds[endpoint].Containers[0].Container };
        var runtime = endpoint.Runtime;
        var (containers, pods) = (new V1.ListContainersRequest(), new V1.ListPodSandboxRequest());
        for (var i = 0; i < CallsInARound; i++)
        {
            await Timed("ListContainers", () => endpoint.AskAsync("ListContainers", containers));
            await Timed("ListPodSandbox", () => endpoint.AskAsync("ListPodSandbox", pods));
            await Timed("ContainerStatus", () => runtime.ContainerStatusAsync(status).ResponseAsync);
        }

        await Timed("ListContainerStats", () => runtime.ListContainerStatsAsync(new V1.ListContainerStatsRequest()).ResponseAsync);
    }

    /// <inheritdoc/>
    public Task CleanAsync(Endpoint endpoint) => _crowds[endpoint].RemoveAsync();
}
