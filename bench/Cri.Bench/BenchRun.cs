using Cri.Bench.Measuring;
using Cri.Bench.Scenarios;
using Grpc.Core;

namespace Cri.Bench;

/// <summary>All scenarios, one after the other; in each the endpoints take turns round by round, so that what disturbs the machine disturbs all.</summary>
public sealed class BenchRun(BenchOptions options, IReadOnlyList<Endpoint> endpoints)
{
    private readonly Measurements _measurements = new();
    private readonly HashSet<string> _failed = [];

    /// <summary>The endpoints at which anything failed.</summary>
    public IReadOnlySet<string> Failed => _failed;

    /// <summary>The names of all scenarios.</summary>
    public static IReadOnlyList<string> Names(BenchOptions options) => [.. All(options).Select(scenario => scenario.Name)];

    /// <summary>Runs them; returns what was measured.</summary>
    public async Task<Measurements> RunAsync()
    {
        foreach (var endpoint in endpoints)
        {
            var image = new V1.ImageSpec { Image = options.Image };
            if ((await endpoint.Images.ImageStatusAsync(new V1.ImageStatusRequest { Image = image })).Image is null)
            {
                await endpoint.Images.PullImageAsync(new V1.PullImageRequest { Image = image });
            }
        }

        foreach (var scenario in All(options).Where(scenario => options.Scenarios.Count == 0 || options.Scenarios.Contains(scenario.Name)))
        {
            await RunAsync(scenario);
        }

        return _measurements;
    }

    private static IReadOnlyList<IScenario> All(BenchOptions options) =>
    [
        new IdleServer(),
        new PodLifecycle(options, atOnce: 1),
        new PodLifecycle(options, atOnce: 4),
        new ContainerRestart(options),
        new ExecSync(options),
        new ProbeStorm(options),
        .. options.Containers.Select(containers => new Lists(options, containers)),
        new EventLatency(options),
        new LogThroughput(options),
        .. options.PullImage.Length > 0 ? [new ImagePull(options)] : Array.Empty<IScenario>(),
        new FullNode(options),
    ];

    // 1. Every endpoint is made ready, and warms up by a round that does not count, unless there is only one.
    // 2. Rounds in turn; the processor time of all that an endpoint runs is a figure of each scenario.
    // 3. What was made goes, also after a failure.
    private async Task RunAsync(IScenario scenario)
    {
        var (prepared, ready) = (new List<Endpoint>(), new List<Endpoint>());
        try
        {
            foreach (var endpoint in endpoints)
            {
                Say(scenario, endpoint, "prepares");
                prepared.Add(endpoint);
                if (await TryAsync(scenario, endpoint, () => scenario.PrepareAsync(endpoint)))
                {
                    ready.Add(endpoint);
                }
            }

            var rounds = Math.Min(options.Rounds, scenario.MostRounds);
            for (var round = scenario.MostRounds > 1 && rounds > 1 ? 0 : 1; round <= rounds; round++)
            {
                foreach (var endpoint in ready)
                {
                    Say(scenario, endpoint, round == 0 ? "warms up" : $"round {round} of {rounds}");
                    await TryAsync(scenario, endpoint, () => RoundAsync(scenario, endpoint, round == 0 ? new Measurements() : _measurements));
                }
            }
        }
        finally
        {
            foreach (var endpoint in prepared)
            {
                Say(scenario, endpoint, "cleans up");
                await TryAsync(scenario, endpoint, () => scenario.CleanAsync(endpoint));
            }
        }
    }

    // That a runtime fails is a result too, and none that should take the others' along.
    private async Task<bool> TryAsync(IScenario scenario, Endpoint endpoint, Func<Task> step)
    {
        try
        {
            await step();
            return true;
        }
        catch (Exception error) when (error is RpcException or TimeoutException or InvalidOperationException or IOException)
        {
            _failed.Add(endpoint.Name);
            Say(scenario, endpoint, $"failed: {(error as RpcException)?.Status.ToString() ?? error.Message}");
            return false;
        }
    }

    private static async Task RoundAsync(IScenario scenario, Endpoint endpoint, Measurements measurements)
    {
        var server = endpoint.Server;
        var cpu = server.CpuSeconds();
        await scenario.RoundAsync(endpoint, measurements);
        var isMeasured = measurements.Figures.Any(figure => figure.Scenario == scenario.Name && measurements.Of(figure, endpoint.Name).Count > 0);
        if (server.HasCgroup && scenario.MostRounds > 1 && isMeasured)
        {
            measurements.Add(new Figure(scenario.Name, "CPU of the runtime in a round", "s"), endpoint.Name, endpoint.Server.CpuSeconds() - cpu);
        }
    }

    private static void Say(IScenario scenario, Endpoint endpoint, string what) =>
        Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {scenario.Name,-18} {endpoint.Name,-12} {what}; load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
}
