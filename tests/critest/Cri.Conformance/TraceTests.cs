using Cri.Api.CrispV1;
using Cri.Grpc;
using Cri.Testing;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Where the milliseconds of a pod went.</summary>
public sealed class TraceTests : ConformanceTest
{
    [CrispdFact]
    public async Task Traces_OfAPod_HaveEveryStepOfItsStart()
    {
        await using var pod = await TestPod.RunAsync(Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);

        var traces = await TracesAsync(pod.Id);

        Assert.Equal(["RunPodSandbox", "CreateContainer", "StartContainer"], traces.Select(trace => trace.Verb));
        AssertSteps(traces[0], "record", "shim", "namespaces", "files", "network", "CNI ADD");
        AssertSteps(traces[1], "spec", "bundle", "snapshot", "volumes");
        AssertSteps(traces[2], "runtime run", "start");
        Assert.Equal([container.Id, container.Id], traces.Skip(1).Select(trace => trace.ContainerId));
        Assert.All(traces.SelectMany(trace => trace.Steps), step => Assert.True(step.Duration >= 0, step.Name));
    }

    [CrispdFact]
    public async Task Trace_OfACallThatFails_SaysWhy()
    {
        await using var pod = await TestPod.RunAsync(Cri);
        var container = await pod.CreateAsync(["/there/is/none"]);
        await Assert.ThrowsAsync<RpcException>(container.StartAsync);

        var start = (await TracesAsync(pod.Id)).Last().Steps[0];

        Assert.True(start.Failed);
        Assert.Contains("/there/is/none", start.Error, StringComparison.Ordinal);
    }

    [CrispdFact]
    public async Task Trace_OfAStart_HasNothingOfTheEnd()
    {
        await using var pod = await TestPod.RunAsync(Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var started = await TracesAsync(pod.Id);

        await container.StopAsync(0);
        await container.RemoveAsync();

        var now = await TracesAsync(pod.Id);
        Assert.Equal(["StopContainer", "RemoveContainer"], now.Skip(started.Count).Select(trace => trace.Verb));
        Assert.Equal(started.Select(trace => trace.Steps.Count), now.Take(started.Count).Select(trace => trace.Steps.Count));
    }

    [CrispdFact]
    public async Task CrispTrace_OfAPod_DrawsIt()
    {
        await using var pod = await TestPod.RunAsync(Cri);

        var drawn = Command.Run(Artifacts.Binary("crisp"), "--address", $"unix://{Cri.SocketPath}", "trace", pod.Id);
        var calls = Command.Run(Artifacts.Binary("crisp"), "--address", $"unix://{Cri.SocketPath}", "trace");

        Assert.Contains("  namespaces", drawn, StringComparison.Ordinal);
        Assert.Contains("CNI ADD bridge", drawn, StringComparison.Ordinal);
        Assert.Contains('█', drawn);
        Assert.Contains(pod.Id[..13], calls, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<Trace>> TracesAsync(string pod)
    {
        using var channel = new UnixChannel(Cri.SocketPath);
        return (await new Node.NodeClient(channel).TracesAsync(new TracesRequest { PodId = pod })).Traces;
    }

    private static void AssertSteps(Trace trace, params string[] names)
    {
        Assert.Equal(trace.Verb, trace.Steps[0].Name);
        Assert.All(names, name => Assert.Contains(trace.Steps, step => step.Name == name));
    }
}
