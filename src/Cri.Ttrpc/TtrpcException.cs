namespace Cri.Ttrpc;

/// <summary>
/// A call that failed: on the client what the server answered or UNAVAILABLE for a broken connection, on the server what to answer.
/// </summary>
public sealed class TtrpcException : Exception
{
    /// <summary>Describes a failed call.</summary>
    public TtrpcException(TtrpcStatusCode code, string message)
        : base(message) => Code = code;

    /// <summary>Describes a failed call and what made it fail.</summary>
    public TtrpcException(TtrpcStatusCode code, string message, Exception cause)
        : base(message, cause) => Code = code;

    /// <summary>The google.rpc code.</summary>
    public TtrpcStatusCode Code { get; }
}
