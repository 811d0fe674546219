using Cri.Api.V1;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class MetricsTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task ListPodSandboxMetrics_EveryMetric_FitsItsDescriptor()
    {
        await Pod.StartAsync(["sleep", "1000"]);
        var descriptors = (await Cri.Runtime.ListMetricDescriptorsAsync(new ListMetricDescriptorsRequest())).Descriptors
            .ToDictionary(descriptor => descriptor.Name);

        var pod = await MetricsAsync();

        var all = pod.Metrics.Concat(pod.ContainerMetrics.SelectMany(container => container.Metrics)).ToList();
        Assert.NotEmpty(all);
        Assert.All(all, metric => Assert.Equal(descriptors[metric.Name].LabelKeys.Count, metric.LabelValues.Count));
        Assert.All(all, metric => Assert.Equal(Pod.Config.Metadata.Name, Label(descriptors, metric, "pod")));
        Assert.All(all, metric => Assert.Equal(Pod.Config.Metadata.Namespace, Label(descriptors, metric, "namespace")));
        Assert.All(all, metric => Assert.True(metric.Timestamp > 0));

        // A Prometheus server takes each series once.
        var series = all.Select(metric => $"{metric.Name} {string.Join('|', metric.LabelValues)}").ToList();
        Assert.Equal(series.Distinct().Count(), series.Count);
    }

    [Fact]
    public async Task ListPodSandboxMetrics_OfARunningContainer_HasWhatAKubeletShows()
    {
        var container = await Pod.StartScriptAsync(
            "head -c 2000000 /dev/zero >/data; echo done; sleep 1000", config => config.Linux.Resources = new LinuxContainerResources
            {
                MemoryLimitInBytes = 64 << 20,
                CpuShares = 512,
                CpuPeriod = 100_000,
                CpuQuota = 50_000,
            });
        await container.LoggedAsync("done");

        var metrics = await ContainerMetricsAsync(container, found => Value(found, "container_fs_usage_bytes") >= 2_000_000);

        Assert.True(Value(metrics, "container_memory_usage_bytes") > 0);
        Assert.InRange(Value(metrics, "container_memory_working_set_bytes"), 1u, Value(metrics, "container_memory_usage_bytes"));
        Assert.Equal(64u << 20, Value(metrics, "container_spec_memory_limit_bytes"));
        Assert.Equal(512u, Value(metrics, "container_spec_cpu_shares"));
        Assert.Equal(100_000u, Value(metrics, "container_spec_cpu_period"));
        Assert.True(Value(metrics, "container_processes") >= 1);
        Assert.True(Value(metrics, "container_file_descriptors") >= 1);
        Assert.Equal(0u, Value(metrics, "container_oom_events_total"));
        Assert.Contains(metrics, metric => metric.Name == "container_cpu_usage_seconds_total");
        Assert.Contains(metrics, metric => metric.Name == "container_cpu_cfs_throttled_periods_total");
    }

    [CrispdFact]
    public async Task ListPodSandboxMetrics_OfARunningContainer_HasItsStartInSecondsAndItsFirstProcessesLimits()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var metrics = await ContainerMetricsAsync(container, found => found.Count > 0);

        var started = (await container.StatusAsync()).StartedAt;
        Assert.Equal((ulong)started / 1_000_000_000, Value(metrics, "container_start_time_seconds"));
        Assert.True(Value(metrics, "container_last_seen") >= Value(metrics, "container_start_time_seconds"));
        Assert.Equal("max_open_files", metrics.Single(metric => metric.Name == "container_ulimits_soft").LabelValues[^1]);
        Assert.Equal(1u, Value(metrics, "container_processes"));
    }

    [Fact]
    public async Task ListPodSandboxMetrics_OfAPodWithANetwork_HasItsInterface()
    {
        await Pod.StartAsync(["sleep", "1000"]);

        var pod = await MetricsAsync();

        var received = pod.Metrics.Single(metric => metric.Name == "container_network_receive_bytes_total");
        Assert.Equal("eth0", received.LabelValues[^1]);
        Assert.Contains(Pod.Id, received.LabelValues);
    }

    [Fact]
    public async Task ListPodSandboxMetrics_AfterAPodStopped_HasItNoMore()
    {
        var pod = await RunPodAsync();
        await pod.StopAsync();

        var list = await Cri.Runtime.ListPodSandboxMetricsAsync(new ListPodSandboxMetricsRequest());

        Assert.DoesNotContain(list.PodMetrics, metrics => metrics.PodSandboxId == pod.Id);
    }

    private static string Label(Dictionary<string, MetricDescriptor> descriptors, Metric metric, string key) =>
        metric.LabelValues[descriptors[metric.Name].LabelKeys.IndexOf(key)];

    private static ulong Value(IEnumerable<Metric> metrics, string name) => metrics.FirstOrDefault(metric => metric.Name == name)?.Value.Value ?? 0;

    private async Task<PodSandboxMetrics> MetricsAsync() =>
        (await Cri.Runtime.ListPodSandboxMetricsAsync(new ListPodSandboxMetricsRequest())).PodMetrics.Single(pod => pod.PodSandboxId == Pod.Id);

    private Task<IReadOnlyList<Metric>> ContainerMetricsAsync(TestContainer container, Predicate<IReadOnlyList<Metric>> wanted) => Eventually.GetAsync(
        async () => (IReadOnlyList<Metric>?)(await MetricsAsync()).ContainerMetrics.SingleOrDefault(one => one.ContainerId == container.Id)?.Metrics ?? [],
        wanted,
        "the container has its metrics");
}
