using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class ListStreamTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task StreamPodSandboxes_WithAFilter_HasWhatTheListHas()
    {
        var filter = new PodSandboxFilter { Id = Pod.Id };
        using var call = Cri.Runtime.StreamPodSandboxes(new StreamPodSandboxesRequest { Filter = filter });

        var streamed = await CollectAsync(call, message => message.PodSandboxes);

        var list = await Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter });
        Assert.Equal(list.Items, streamed);
        Assert.Equal(Pod.Id, Assert.Single(streamed).Id);
    }

    [Fact]
    public async Task StreamContainers_WithAFilter_HasWhatTheListHas()
    {
        var first = await Pod.CreateAsync(["true"], config => config.Labels["stream"] = "yes");
        var second = await Pod.CreateAsync(["true"], config => config.Labels["stream"] = "yes");
        var filter = new ContainerFilter { PodSandboxId = Pod.Id };
        filter.LabelSelector["stream"] = "yes";
        using var call = Cri.Runtime.StreamContainers(new StreamContainersRequest { Filter = filter });

        var streamed = await CollectAsync(call, message => message.Containers);

        Assert.Equal(((string[])[first.Id, second.Id]).Order(), streamed.Select(container => container.Id).Order());
        Assert.Equal((await Cri.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter })).Containers, streamed);
    }

    [Fact]
    public async Task StreamContainers_ThatNothingPasses_EndsWithoutAMessage()
    {
        using var call = Cri.Runtime.StreamContainers(new StreamContainersRequest { Filter = new ContainerFilter { Id = "no-such-id" } });

        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task StreamContainerStats_WithAFilter_HasThatContainer()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        var filter = new ContainerStatsFilter { Id = container.Id };
        using var call = Cri.Runtime.StreamContainerStats(new StreamContainerStatsRequest { Filter = filter });

        var streamed = await CollectAsync(call, message => message.ContainerStats);

        Assert.Equal(container.Id, Assert.Single(streamed).Attributes.Id);
        Assert.True(streamed[0].Memory.UsageBytes.Value > 0);
    }

    [Fact]
    public async Task StreamPodSandboxStats_WithAFilter_HasThatPod()
    {
        using var call = Cri.Runtime.StreamPodSandboxStats(
            new StreamPodSandboxStatsRequest { Filter = new PodSandboxStatsFilter { Id = Pod.Id } });

        var streamed = await CollectAsync(call, message => message.PodSandboxStats);

        Assert.Equal(Pod.Id, Assert.Single(streamed).Attributes.Id);
    }

    [Fact]
    public async Task StreamPodSandboxMetrics_Always_HasEachPodOnce()
    {
        using var call = Cri.Runtime.StreamPodSandboxMetrics(new StreamPodSandboxMetricsRequest());

        var streamed = await CollectAsync(call, message => message.PodSandboxMetrics);

        Assert.Single(streamed, metrics => metrics.PodSandboxId == Pod.Id);
    }

    [Fact]
    public async Task StreamImages_WithAFilter_HasWhatTheListHas()
    {
        var filter = new ImageFilter { Image = new ImageSpec { Image = Cri.Busybox } };
        using var call = Cri.Images.StreamImages(new StreamImagesRequest { Filter = filter });

        var streamed = await CollectAsync(call, message => message.Images);

        Assert.Equal((await Cri.Images.ListImagesAsync(new ListImagesRequest { Filter = filter })).Images, streamed);
        Assert.NotEmpty(streamed);
    }

    [CrispdFact]
    public async Task ListContainers_LargerThanAMessage_NamesTheStreamWhichHasThemAll()
    {
        // Events tell of whole pods, so such pods must not be where other tests read events.
        await using var own = await CriEndpoint.StartAsync();
        await using var pod = await TestPod.RunAsync(own);
        const int Count = 9;
        var note = new string('x', (2 << 20) - 4096);
        for (var i = 0; i < Count; i++)
        {
            await pod.CreateAsync(["true"], config => config.Annotations["note"] = note);
        }

        await FailsAsync(StatusCode.ResourceExhausted, "StreamContainers", async () =>
            await own.Runtime.ListContainersAsync(new ListContainersRequest()));

        using var call = own.Runtime.StreamContainers(new StreamContainersRequest());
        var streamed = await CollectAsync(call, message => message.Containers);
        Assert.Equal(Count, streamed.Select(container => container.Id).Distinct().Count());
        Assert.All(streamed, container => Assert.Equal(note.Length, container.Annotations["note"].Length));
    }

    private static async Task<List<TItem>> CollectAsync<TMessage, TItem>(
        AsyncServerStreamingCall<TMessage> call, Func<TMessage, Google.Protobuf.Collections.RepeatedField<TItem>> items)
    {
        var all = new List<TItem>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var part = items(call.ResponseStream.Current);
            Assert.NotEmpty(part);
            all.AddRange(part);
        }

        return all;
    }
}
