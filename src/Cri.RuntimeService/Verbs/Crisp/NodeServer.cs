using Cri.Api.CrispV1;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Recovery;
using Cri.RuntimeService.Tracing;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <summary>Crisp's own service for the node as a whole, for what operators do beyond the CRI.</summary>
public sealed class NodeServer(Reconciler reconciler, TraceRing traces) : Api.CrispV1.Node.NodeBase
{
    /// <summary>Gets rid of what nobody owns, or only says what it would be.</summary>
    public override async Task<CollectGarbageResponse> CollectGarbage(CollectGarbageRequest request, ServerCallContext context)
    {
        IEnumerable<Repair> repairs = request.DryRun
            ? (await reconciler.FindAsync(context.CancellationToken)).Select(finding => new Repair(finding, null))
            : await reconciler.RunAsync(context.CancellationToken);
        return new CollectGarbageResponse { Findings = { repairs.Select(From) } };
    }

    /// <summary>Where the time of the last calls went.</summary>
    public override Task<TracesResponse> Traces(TracesRequest request, ServerCallContext context) => Task.FromResult(new TracesResponse
    {
        Traces = { traces.Traces.Where(trace => request.PodId.Length == 0 || trace.Pod == request.PodId).Select(From) },
    });

    private static Api.CrispV1.Trace From(Tracing.Trace trace) => new()
    {
        Verb = trace.Verb,
        Subject = trace.Subject,
        PodId = trace.Pod,
        ContainerId = trace.Container,
        Steps = { trace.Steps.Select(From) },
    };

    private static Api.CrispV1.Step From(Tracing.Step step) => new()
    {
        Name = step.Name,
        Detail = step.Detail,
        Parent = step.Parent,
        StartedAt = Clock.ToNanoseconds(step.StartedAt),
        Duration = step.Duration is { } duration ? duration.Ticks * TimeSpan.NanosecondsPerTick : -1,
        Failed = step.Error is not null,
        Error = step.Error ?? "",
    };

    private static Api.CrispV1.Finding From(Repair repair) => new()
    {
        Kind = repair.Finding.Kind,
        Object = repair.Finding.Subject,
        Path = repair.Finding.Path,
        Why = repair.Finding.Why,
        Action = repair.Finding.Action,
        Error = repair.Error ?? "",
    };
}
