using System.Diagnostics;
using Cri.Linux.Tracing;

namespace Cri.RuntimeService.Tracing;

/// <summary>A step of a call, or the call itself.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Parent">The index of the step that it is part of; -1 for the call.</param>
/// <param name="StartedAt">When it began.</param>
public sealed record Step(string Name, int Parent, DateTime StartedAt)
{
    /// <summary>With what it is done: a plugin, a digest; "" for nothing.</summary>
    public string Detail { get; init; } = "";

    /// <summary>How long it took; null while it is under way.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Error { get; init; }
}

/// <summary>A call of the CRI with the steps it was made of. Filled while the call runs, and read at any time.</summary>
/// <param name="verb">The call: <c>RunPodSandbox</c>.</param>
/// <param name="subject">What it is about, by its request.</param>
public sealed class Trace(string verb, string subject)
{
    /// <summary>How many steps of a call are kept.</summary>
    public const int MaxSteps = 256;

    private readonly Lock _lock = new();
    private readonly List<Step> _steps = [];
    private volatile string _pod = "";
    private volatile string _container = "";

    /// <summary>The call.</summary>
    public string Verb => verb;

    /// <summary>What it is about, by its request: <c>pod default/web</c>.</summary>
    public string Subject => subject;

    /// <summary>The id of its pod; "" for none, or while it is not known.</summary>
    public string Pod => _pod;

    /// <summary>The id of its container; "" for none, or while it is not known.</summary>
    public string Container => _container;

    /// <summary>The call itself, and then its steps, in the order in which they began.</summary>
    public IReadOnlyList<Step> Steps
    {
        get
        {
            lock (_lock)
            {
                return [.. _steps];
            }
        }
    }

    /// <summary>Adds a step that begins, and returns its index; -1 when there are too many.</summary>
    internal int Begin(Activity activity, int parent)
    {
        lock (_lock)
        {
            if (_steps.Count == MaxSteps)
            {
                return -1;
            }

            _steps.Add(new Step(activity.OperationName, parent, activity.StartTimeUtc));
            return _steps.Count - 1;
        }
    }

    /// <summary>Takes what is known at the end of a step.</summary>
    internal void End(Activity activity, int index)
    {
        lock (_lock)
        {
            _steps[index] = _steps[index] with
            {
                Duration = activity.Duration,
                Detail = activity.GetTagItem(Spans.DetailTag) as string ?? "",
                Error = activity.Status == ActivityStatusCode.Error ? activity.StatusDescription ?? "" : null,
            };
        }

        if (index == 0)
        {
            _pod = activity.GetTagItem(Spans.PodTag) as string ?? "";
            _container = activity.GetTagItem(Spans.ContainerTag) as string ?? "";
        }
    }
}
