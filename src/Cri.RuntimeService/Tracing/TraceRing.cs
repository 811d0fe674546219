using System.Diagnostics;
using Cri.Linux.Tracing;

namespace Cri.RuntimeService.Tracing;

/// <summary>
/// The last calls that did more than one thing, with their steps: where the milliseconds of a pod's start went. The newest
/// <see cref="Capacity"/> are kept in memory, those under way among them.
/// </summary>
public sealed class TraceRing : IDisposable
{
    /// <summary>How many calls are kept: the lives of a hundred pods.</summary>
    public const int Capacity = 1024;

    private const string PlaceKey = "place";

    private readonly Lock _lock = new();
    private readonly Queue<Trace> _traces = new();
    private readonly ActivityListener _listener;

    /// <summary>Begins to listen.</summary>
    public TraceRing()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Spans.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStarted = Begin,
            ActivityStopped = End,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>The calls that are kept, oldest first.</summary>
    public IReadOnlyList<Trace> Traces
    {
        get
        {
            lock (_lock)
            {
                return [.. _traces];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Begin(Activity activity)
    {
        if (activity.Parent is null)
        {
            var trace = new Trace(activity.OperationName, activity.GetTagItem(Spans.DetailTag) as string ?? "");
            activity.SetCustomProperty(PlaceKey, new Place(trace, trace.Begin(activity, -1)));
            Keep(trace);
        }
        else if (activity.Parent.GetCustomProperty(PlaceKey) is Place parent && parent.Trace.Begin(activity, parent.Index) is >= 0 and var index)
        {
            activity.SetCustomProperty(PlaceKey, new Place(parent.Trace, index));
        }
    }

    private static void End(Activity activity)
    {
        if (activity.GetCustomProperty(PlaceKey) is Place place)
        {
            place.Trace.End(activity, place.Index);
        }
    }

    private void Keep(Trace trace)
    {
        lock (_lock)
        {
            _traces.Enqueue(trace);
            if (_traces.Count > Capacity)
            {
                _traces.Dequeue();
            }
        }
    }

    private sealed record Place(Trace Trace, int Index);
}
