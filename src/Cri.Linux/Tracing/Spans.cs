using System.Diagnostics;

namespace Cri.Linux.Tracing;

/// <summary>
/// The calls that do more than one thing, and their steps, as spans. It lies below everything that has steps to tell of, and
/// costs nothing while nobody listens.
/// </summary>
public static class Spans
{
    /// <summary>The name of the source that all spans come from.</summary>
    public const string SourceName = "Crisp";

    /// <summary>The tag that says what a span is about, beside its name.</summary>
    public const string DetailTag = "crisp.detail";

    /// <summary>The tag of a call that has its pod sandbox's id.</summary>
    public const string PodTag = "crisp.pod";

    /// <summary>The tag of a call that has its container's id.</summary>
    public const string ContainerTag = "crisp.container";

    private static readonly ActivitySource _source = new(SourceName);

    /// <summary>Begins a call; dispose the result at its end.</summary>
    /// <param name="verb">The call.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="caller">Of which trace of the caller's it is a part, as the W3C's traceparent; null or anything else for none.</param>
    public static Activity? BeginCall(string verb, string subject, string? caller = null)
    {
        // A call is never part of another here, whatever its connection was accepted in.
        Activity.Current = null;
        ActivityContext.TryParse(caller, traceState: null, isRemote: true, out var parent);
        return _source.StartActivity(verb, ActivityKind.Server, parent, [new(DetailTag, subject)]);
    }

    /// <summary>Begins a step of the call that is under way; dispose the result at its end.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="detail">With what: a plugin, a digest.</param>
    public static Activity? Begin(string name, string? detail = null)
    {
        var span = Activity.Current is null ? null : _source.StartActivity(name);
        return detail is null ? span : span?.SetTag(DetailTag, detail);
    }

    /// <summary>Says which pod, and which container, the call that is under way is about.</summary>
    public static void About(string pod, string? container = null)
    {
        var call = Activity.Current;
        while (call?.Parent is { } parent)
        {
            call = parent;
        }

        call?.SetTag(PodTag, pod);
        if (container is not null)
        {
            call?.SetTag(ContainerTag, container);
        }
    }
}
