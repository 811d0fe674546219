using Grpc.Core;

namespace Cri.Stress.Histories;

/// <summary>The answer to a call.</summary>
/// <param name="Code">The status code; null when the client gave up and does not know.</param>
/// <param name="Text">An id that was answered, or the words of an error.</param>
public sealed record Answer(StatusCode? Code, string Text)
{
    /// <summary>Nobody waited for it.</summary>
    public static Answer Unknown { get; } = new(null, "");

    /// <summary>The client gave up.</summary>
    public bool IsUnknown => Code is null;

    /// <summary>It succeeded.</summary>
    public bool IsOk => Code == StatusCode.OK;

    /// <summary>What was seen of each object, by id; null for what is no read.</summary>
    public IReadOnlyDictionary<string, Seen>? Objects { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Code is null ? "?" : $"{Code} {(Text.Length == 64 ? Text[..12] : Text)}{Listed()}";

    private string Listed() => Objects is null ? "" : $"{{{string.Join(", ", Objects.Select(item => $"{item.Key[..Math.Min(12, item.Key.Length)]} {item.Value}"))}}}";
}

/// <summary>What a read told of an object.</summary>
/// <param name="State">Its state in the CRI's words, such as <c>ContainerRunning</c>.</param>
/// <param name="Limit">The memory limit that a container's status shows; null for a read that does not show it.</param>
public sealed record Seen(string State, long? Limit = null)
{
    /// <inheritdoc/>
    public override string ToString() => Limit is { } limit ? $"{State}/{limit}" : State;
}
