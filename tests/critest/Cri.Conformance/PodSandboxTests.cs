using Cri.Api.V1;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class PodSandboxTests : ConformanceTest
{
    [Fact]
    public async Task RunPodSandbox_ThenStatus_ShowsWhatWasAskedFor()
    {
        var pod = await RunPodAsync(config =>
        {
            config.Metadata.Attempt = 3;
            config.Labels["app"] = "web";
            config.Annotations["note"] = "any text: ünïcode";
        });

        var status = await pod.StatusAsync();

        Assert.Equal(pod.Id, status.Id);
        Assert.Equal(pod.Config.Metadata, status.Metadata);
        Assert.Equal(pod.Config.Labels, status.Labels);
        Assert.Equal(pod.Config.Annotations, status.Annotations);
        Assert.Equal(PodSandboxState.SandboxReady, status.State);
        Assert.InRange(status.CreatedAt, Clock(TimeSpan.FromMinutes(-5)), Clock(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task StopPodSandbox_OfAReadyPod_MakesItNotReadyAndEndsItsContainers()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"]);

        await pod.StopAsync();

        Assert.Equal(PodSandboxState.SandboxNotready, (await pod.StatusAsync()).State);
        Assert.Equal(ContainerState.ContainerExited, (await container.StatusAsync()).State);
    }

    [Fact]
    public async Task RunPodSandbox_WithASharedPidNamespace_ContainersSeeEachOtherAndNoCgroupStays()
    {
        var pod = await RunPodAsync(config =>
            config.Linux.SecurityContext = new LinuxSandboxSecurityContext { NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Pod } });
        static void Share(ContainerConfig config) =>
            config.Linux = new LinuxContainerConfig
            {
                SecurityContext = new LinuxContainerSecurityContext { NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Pod } },
            };

        await pod.StartAsync(["sleep", "4242"], Share);
        var seen = await pod.OutputAsync("for i in $(seq 600); do ps | grep -q 'sleep [4]242' && break; sleep 0.1; done; ps", Share);
        await pod.StopAsync();
        await pod.RemoveAsync();

        Assert.Contains("sleep 4242", seen, StringComparison.Ordinal);
        Assert.Empty(CgroupTree.Named(pod.Id));
    }

    [Fact]
    public async Task StopPodSandbox_Twice_IsNoError()
    {
        var pod = await RunPodAsync();

        await pod.StopAsync();
        await pod.StopAsync();
    }

    [Fact]
    public async Task RemovePodSandbox_OfAReadyPodWithARunningContainer_RemovesBoth()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"]);

        await pod.RemoveAsync();

        await FailsAsync(StatusCode.NotFound, pod.Id, pod.StatusAsync);
        await FailsAsync(StatusCode.NotFound, container.Id, container.StatusAsync);
    }

    [Fact]
    public async Task RemovePodSandbox_Twice_IsNoError()
    {
        var pod = await RunPodAsync();

        await pod.RemoveAsync();
        await pod.RemoveAsync();
    }

    [Fact]
    public async Task ListPodSandbox_ByIdPrefix_HasThePod()
    {
        var pod = await RunPodAsync();

        var items = await ListAsync(new PodSandboxFilter { Id = pod.Id[..13] });

        Assert.Equal(pod.Id, Assert.Single(items).Id);
    }

    [Fact]
    public async Task ListPodSandbox_ByState_TellsReadyFromNotReady()
    {
        var ready = await RunPodAsync();
        var stopped = await RunPodAsync();
        await stopped.StopAsync();

        var readyIds = Ids(await ListAsync(State(PodSandboxState.SandboxReady)));
        var stoppedIds = Ids(await ListAsync(State(PodSandboxState.SandboxNotready)));

        Assert.Contains(ready.Id, readyIds);
        Assert.DoesNotContain(stopped.Id, readyIds);
        Assert.Contains(stopped.Id, stoppedIds);
        Assert.DoesNotContain(ready.Id, stoppedIds);

        static PodSandboxFilter State(PodSandboxState state) => new() { State = new PodSandboxStateValue { State = state } };
    }

    [Fact]
    public async Task ListPodSandbox_ByLabels_NeedsAllOfThem()
    {
        var mark = Guid.NewGuid().ToString();
        var both = await RunPodAsync(config =>
        {
            config.Labels["mark"] = mark;
            config.Labels["tier"] = "front";
        });
        await RunPodAsync(config => config.Labels["mark"] = mark);
        var filter = new PodSandboxFilter();
        filter.LabelSelector.Add("mark", mark);
        filter.LabelSelector.Add("tier", "front");

        Assert.Equal([both.Id], Ids(await ListAsync(filter)));
    }

    [Fact]
    public async Task ListPodSandbox_WithoutAFilter_ShowsMetadataLabelsAndAnnotations()
    {
        var pod = await RunPodAsync(config => config.Annotations["a"] = "b");

        var item = Assert.Single(await ListAsync(null), item => item.Id == pod.Id);

        Assert.Equal(pod.Config.Metadata, item.Metadata);
        Assert.Equal(pod.Config.Labels, item.Labels);
        Assert.Equal(pod.Config.Annotations, item.Annotations);
    }

    [CrispdFact]
    public async Task RunPodSandbox_TheSameTwiceAtOnce_GivesOnePod()
    {
        var config = TestPod.NewConfig(Cri);
        var request = new RunPodSandboxRequest { Config = config };

        var answers = await Task.WhenAll(
            Cri.Runtime.RunPodSandboxAsync(request).ResponseAsync, Cri.Runtime.RunPodSandboxAsync(request).ResponseAsync);

        var id = Assert.Single(answers.Select(answer => answer.PodSandboxId).Distinct());
        await Cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = id });
    }

    [CrispdFact]
    public async Task RunPodSandbox_AgainAfterItRuns_GivesTheSamePod()
    {
        var pod = await RunPodAsync();

        var again = await Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = pod.Config });

        Assert.Equal(pod.Id, again.PodSandboxId);
    }

    [Fact]
    public async Task RunPodSandbox_WithTheNextAttempt_IsAnotherPod()
    {
        var first = await RunPodAsync();
        await first.StopAsync();

        var second = await RunPodAsync(config =>
        {
            config.Metadata = first.Config.Metadata.Clone();
            config.Metadata.Attempt = 1;
        });

        Assert.NotEqual(first.Id, second.Id);
    }

    [Fact]
    public async Task PodSandboxStatus_WithVerbose_HasInfo()
    {
        var pod = await RunPodAsync();

        var response = await Cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = pod.Id, Verbose = true });

        Assert.NotEmpty(response.Info);
    }

    [Fact]
    public async Task Container_InAPod_HasThePodsHostname()
    {
        var pod = await RunPodAsync(config => config.Hostname = "named-by-test");

        Assert.Equal("named-by-test\nnamed-by-test", await pod.OutputAsync("hostname; cat /etc/hostname"));
    }

    [Fact]
    public async Task Container_InAPodWithDnsConfig_HasItInResolvConf()
    {
        var pod = await RunPodAsync(config => config.DnsConfig = new DNSConfig
        {
            Servers = { "10.96.0.10", "1.2.3.4" },
            Searches = { "test.svc.cluster.local", "cluster.local" },
            Options = { "ndots:5" },
        });

        var lines = (await pod.OutputAsync("cat /etc/resolv.conf")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(
            ["search test.svc.cluster.local cluster.local", "nameserver 10.96.0.10", "nameserver 1.2.3.4", "options ndots:5"], lines);
    }

    [Fact]
    public async Task Container_InAPodWithoutDnsConfig_HasTheHostsResolvConf()
    {
        var pod = await RunPodAsync();

        Assert.Equal((await File.ReadAllTextAsync("/etc/resolv.conf")).TrimEnd('\n'), await pod.OutputAsync("cat /etc/resolv.conf"));
    }

    [Fact]
    public async Task Containers_OfOnePod_ShareIpcButNotPidNamespaces()
    {
        const string Namespaces = "readlink /proc/self/ns/ipc; readlink /proc/self/ns/pid";
        var pod = await RunPodAsync();
        var one = await pod.StartAsync(["sleep", "1000"]);
        var other = await pod.StartAsync(["sleep", "1000"]);

        var first = (await one.ShellAsync(Namespaces)).Split('\n');
        var second = (await other.ShellAsync(Namespaces)).Split('\n');

        Assert.Equal(first[0], second[0]);
        Assert.NotEqual(first[1], second[1]);
    }

    [Fact]
    public async Task Containers_OfAPodWithASharedPidNamespace_SeeEachOther()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        await pod.StartAsync(["sleep", "4242"], Shared);

        var processes = await pod.OutputAsync("for i in $(seq 600); do ps | grep -q 'sleep [4]242' && break; sleep 0.1; done; ps", Shared);

        Assert.Contains("sleep 4242", processes, StringComparison.Ordinal);

        static void Shared(ContainerConfig config) => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod;
    }

    [Fact]
    public async Task Container_InAPodWithSysctls_SeesThem()
    {
        var pod = await RunPodAsync(config => config.Linux.Sysctls["net.ipv4.ip_unprivileged_port_start"] = "77");

        Assert.Equal("77", await pod.OutputAsync("cat /proc/sys/net/ipv4/ip_unprivileged_port_start"));
    }

    [Fact]
    public async Task Container_InAPod_HasDevShm()
    {
        var pod = await RunPodAsync();

        Assert.Contains("tmpfs", await pod.OutputAsync("grep ' /dev/shm ' /proc/mounts"), StringComparison.Ordinal);
    }

    private static long Clock(TimeSpan fromNow) => (DateTimeOffset.UtcNow + fromNow).ToUnixTimeMilliseconds() * 1_000_000;

    private static IEnumerable<string> Ids(IEnumerable<PodSandbox> pods) => pods.Select(pod => pod.Id);

    private async Task<IReadOnlyList<PodSandbox>> ListAsync(PodSandboxFilter? filter) =>
        (await Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter })).Items;
}
