using System.Diagnostics;
using Cri.Bench.Measuring;
using Grpc.Core;

namespace Cri.Bench.Scenarios;

/// <summary>Many pods: started all at once, or a hundred at a time when there are more, weighed, their server restarted, stopped likewise.</summary>
public sealed class FullNode(BenchOptions options) : IScenario
{
    // A server may refuse more calls than that at one time, and a kubelet does not make more either.
    private const int AtOnce = 100;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public string Name => "full-node";

    /// <inheritdoc/>
    public int MostRounds => 5;

    private string Pace => options.Pods > AtOnce ? $"with {AtOnce} at a time" : "at once";

    /// <inheritdoc/>
    public Task PrepareAsync(Endpoint endpoint) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task RoundAsync(Endpoint endpoint, Measurements measurements)
    {
        Task<T> Timed<T>(string what, Func<Task<T>> run) => measurements.TimeAsync(new Figure(Name, $"{options.Pods} pods {Pace}, {what}", "ms"), endpoint.Name, run);
        var pods = Enumerable.Range(0, options.Pods).Select(_ => BenchPod.New(endpoint, options)).ToList();
        await Timed("to all started", () => EachAsync(pods, StartAsync));
        await endpoint.Server.SettleAsync();
        await WeighAsync(endpoint, measurements);
        await RestartAsync(endpoint, measurements);
        await Timed("to all removed", () => EachAsync(pods, async pod => await (await pod.StopAsync()).RemoveAsync()));
    }

    /// <inheritdoc/>
    public Task CleanAsync(Endpoint endpoint) => Task.CompletedTask;

    private static async Task<T[]> EachAsync<T>(IEnumerable<BenchPod> pods, Func<BenchPod, Task<T>> call)
    {
        using var places = new SemaphoreSlim(AtOnce);
        async Task<T> InPlaceAsync(BenchPod pod)
        {
            await places.WaitAsync();
            try
            {
                return await call(pod);
            }
            finally
            {
                places.Release();
            }
        }

        return await Task.WhenAll(pods.Select(InPlaceAsync));
    }

    private static async Task<string> StartAsync(BenchPod pod) => await pod.StartAsync(await (await pod.RunAsync()).CreateAsync());

    private async Task WeighAsync(Endpoint endpoint, Measurements measurements)
    {
        void Add(string what, double value) => measurements.Add(new Figure(Name, what, "MB"), endpoint.Name, value);
        Add($"RSS of the server with {options.Pods} pods", ProcessMemory.Of(endpoint.Server.Pid).Resident);
        if (!endpoint.Server.HasCgroup)
        {
            return;
        }

        var list = await endpoint.Runtime.ListContainersAsync(new V1.ListContainersRequest());
        var payload = await Task.WhenAll(list.Containers.Select(container => BenchPod.PidAsync(endpoint, container.Id)));
        var all = ProcessMemory.Of(endpoint.Server.Others().Concat(ServerProcess.ProcessesBelow(endpoint.PodsCgroup)).Except(payload));
        Add("RSS of a pod, all but its payload", all.Resident / options.Pods);
        Add("PSS of a pod, all but its payload", all.Proportional / options.Pods);
        Add("private dirty of a pod, all but its payload", all.PrivateDirty / options.Pods);
    }

    // From the start of the command, which ends the old server and starts the new one, until that lists all containers.
    private async Task RestartAsync(Endpoint endpoint, Measurements measurements)
    {
        if (!options.Restarts.TryGetValue(endpoint.Name, out var command))
        {
            return;
        }

        using var restart = Process.Start(command);
        await restart.WaitForExitAsync();
        var limit = Stopwatch.StartNew();
        while (!await IsReadyAsync(endpoint))
        {
            if (limit.Elapsed > _patience)
            {
                throw new TimeoutException($"{endpoint.Name} is not ready {_patience} after its restart");
            }

            await Task.Delay(2);
        }

        measurements.Add(new Figure(Name, $"restart of the server with {options.Pods} pods, to ready", "ms"), endpoint.Name, limit.Elapsed.TotalMilliseconds);
    }

    private async Task<bool> IsReadyAsync(Endpoint endpoint)
    {
        try
        {
            endpoint.Reconnect();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            var list = await endpoint.Runtime.ListContainersAsync(new V1.ListContainersRequest(), cancellationToken: limit.Token);
            return list.Containers.Count(container => container.State == V1.ContainerState.ContainerRunning) >= options.Pods;
        }
        catch (Exception e) when (e is RpcException or System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
