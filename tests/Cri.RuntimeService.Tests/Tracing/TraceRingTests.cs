using Cri.Linux.Tracing;
using Cri.RuntimeService.Tracing;
using Xunit;

namespace Cri.RuntimeService.Tests.Tracing;

public sealed class TraceRingTests : IDisposable
{
    private readonly TraceRing _ring = new();
    private readonly string _subject = $"pod {Guid.NewGuid():n}";

    public void Dispose() => _ring.Dispose();

    [Fact]
    public void Traces_OfACall_HaveItsStepsBelowWhatTheyArePartOf()
    {
        using (Spans.BeginCall("RunPodSandbox", _subject))
        {
            Spans.About("the-pod", "the-container");
            using (Spans.Begin("network"))
            {
                using var plugin = Spans.Begin("CNI ADD", "bridge");
            }

            Spans.Begin("publish")?.Stop();
        }

        var trace = Assert.Single(Mine());
        Assert.Equal(("RunPodSandbox", "the-pod", "the-container"), (trace.Verb, trace.Pod, trace.Container));
        Assert.Equal(
            [("RunPodSandbox", _subject, -1), ("network", "", 0), ("CNI ADD", "bridge", 1), ("publish", "", 0)],
            trace.Steps.Select(step => (step.Name, step.Detail, step.Parent)));
        Assert.All(trace.Steps, step => Assert.True(step.Duration >= TimeSpan.Zero));
        Assert.True(trace.Steps[1].Duration <= trace.Steps[0].Duration);
    }

    [Fact]
    public async Task Traces_OfStepsThatOutliveTheirCall_GetThemToo()
    {
        var callEnded = new TaskCompletionSource();
        Task step;
        using (Spans.BeginCall("RunPodSandbox", _subject))
        {
            step = LateAsync();
        }

        Assert.Null(Mine().Single().Steps[1].Duration);
        callEnded.SetResult();
        await step;

        Assert.NotNull(Mine().Single().Steps[1].Duration);

        async Task LateAsync()
        {
            using var span = Spans.Begin("shim");
            await callEnded.Task;
        }
    }

    [Fact]
    public void Traces_OfAFailedCall_SayWhy()
    {
        using (var call = Spans.BeginCall("RunPodSandbox", _subject))
        {
            call!.SetStatus(System.Diagnostics.ActivityStatusCode.Error, "no shim");
        }

        Assert.Equal("no shim", Mine().Single().Steps[0].Error);
    }

    [Fact]
    public void Begin_OutsideOfACall_IsNothing()
    {
        System.Diagnostics.Activity.Current = null;

        Assert.Null(Spans.Begin("shim"));
    }

    [Fact]
    public void Traces_OfMoreCallsThanAreKept_AreTheNewest()
    {
        for (var i = 0; i < TraceRing.Capacity + 5; i++)
        {
            Spans.BeginCall($"Call{i}", _subject)!.Dispose();
        }

        Assert.InRange(_ring.Traces.Count, 1, TraceRing.Capacity);
        Assert.Equal($"Call{TraceRing.Capacity + 4}", Mine().Last().Verb);
        Assert.DoesNotContain(Mine(), trace => trace.Verb is "Call0" or "Call4");
    }

    [Fact]
    public void Traces_OfACallWithMoreStepsThanAreKept_HaveItsFirst()
    {
        using (Spans.BeginCall("PullImage", _subject))
        {
            for (var i = 0; i < Trace.MaxSteps + 5; i++)
            {
                Spans.Begin("layer")?.Dispose();
            }
        }

        Assert.Equal(Trace.MaxSteps, Mine().Single().Steps.Count);
        Assert.NotNull(Mine().Single().Steps[0].Duration);
    }

    // Other tests make calls at the same time.
    private List<Trace> Mine() => [.. _ring.Traces.Where(trace => trace.Steps[0].Detail == _subject)];
}
