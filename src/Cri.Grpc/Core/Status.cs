namespace Grpc.Core;

/// <summary>A status code and what it means in this case.</summary>
/// <param name="StatusCode">The outcome.</param>
/// <param name="Detail">Words for people; empty on success.</param>
/// <param name="DebugException">The local cause, which never travels; null when there is none.</param>
public readonly record struct Status(StatusCode StatusCode, string Detail, Exception? DebugException = null)
{
    /// <summary>OK without detail.</summary>
    public static Status DefaultSuccess => new(StatusCode.OK, "");

    /// <summary>CANCELLED without detail.</summary>
    public static Status DefaultCancelled => new(StatusCode.Cancelled, "");

    /// <inheritdoc/>
    public override string ToString() => string.IsNullOrEmpty(Detail) ? StatusCode.ToString() : $"{StatusCode}: {Detail}";
}
