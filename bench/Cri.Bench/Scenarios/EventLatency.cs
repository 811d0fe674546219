using System.Diagnostics;
using Cri.Bench.Measuring;
using Grpc.Core;

namespace Cri.Bench.Scenarios;

/// <summary>From the kill of a container's process to the event that says so; left out for a runtime without events.</summary>
public sealed class EventLatency(BenchOptions options) : IScenario
{
    private const int ExitsInARound = 5;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly Dictionary<Endpoint, BenchPod> _pods = [];

    /// <inheritdoc/>
    public string Name => "events";

    /// <inheritdoc/>
    public int MostRounds => int.MaxValue;

    /// <inheritdoc/>
    public async Task PrepareAsync(Endpoint endpoint) => _pods[endpoint] = await BenchPod.New(endpoint, options).RunAsync();

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        using var stop = new CancellationTokenSource();
        using var events = endpoint.Runtime.GetContainerEvents(new V1.GetEventsRequest(), cancellationToken: stop.Token);
        try
        {
            for (var i = 0; i < ExitsInARound; i++)
            {
                await OneAsync(endpoint, events.ResponseStream, measurements);
            }
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented)
        {
            // It has none.
        }

        await stop.CancelAsync();
    }

    /// <inheritdoc/>
    public async Task CleanAsync(Endpoint endpoint) => await (await _pods[endpoint].StopAsync()).RemoveAsync();

    private async Task OneAsync(Endpoint endpoint, IAsyncStreamReader<V1.ContainerEventResponse> events, Measurements measurements)
    {
        var container = await _pods[endpoint].StartAsync(await _pods[endpoint].CreateAsync());
        using var process = Process.GetProcessById(await BenchPod.PidAsync(endpoint, container));
        await SeenAsync(events, container, V1.ContainerEventType.ContainerStartedEvent);
        var killed = Stopwatch.GetTimestamp();
        process.Kill();
        await SeenAsync(events, container, V1.ContainerEventType.ContainerStoppedEvent);
        measurements.Add(new Figure(Name, "exit of a process to its event", "ms"), endpoint.Name, Stopwatch.GetElapsedTime(killed).TotalMilliseconds);
        await endpoint.Runtime.RemoveContainerAsync(new V1.RemoveContainerRequest { ContainerId = container });
    }

    private static async Task SeenAsync(IAsyncStreamReader<V1.ContainerEventResponse> events, string container, V1.ContainerEventType type)
    {
        using var limit = new CancellationTokenSource(_patience);
        while (await events.MoveNext(limit.Token))
        {
            if (events.Current.ContainerId == container && events.Current.ContainerEventType == type)
            {
                return;
            }
        }

        throw new InvalidOperationException($"the event stream ended before {type} of {container}");
    }
}
