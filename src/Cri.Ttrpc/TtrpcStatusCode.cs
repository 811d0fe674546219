namespace Cri.Ttrpc;

/// <summary>The status codes of google.rpc.Code, which ttrpc answers carry; the numbers are those of gRPC.</summary>
public enum TtrpcStatusCode
{
    /// <summary>Success.</summary>
    Ok = 0,

    /// <summary>The caller cancelled the call.</summary>
    Cancelled = 1,

    /// <summary>A failure without a better code, such as the OCI runtime's.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The call did not end in time.</summary>
    DeadlineExceeded = 4,

    /// <summary>The container, process or sandbox is unknown.</summary>
    NotFound = 5,

    /// <summary>The id is taken.</summary>
    AlreadyExists = 6,

    /// <summary>The operating system refuses permission.</summary>
    PermissionDenied = 7,

    /// <summary>A limit is reached, such as the size of a message.</summary>
    ResourceExhausted = 8,

    /// <summary>The object is in the wrong state for the call.</summary>
    FailedPrecondition = 9,

    /// <summary>The call was aborted.</summary>
    Aborted = 10,

    /// <summary>A value lies outside its range.</summary>
    OutOfRange = 11,

    /// <summary>The server has no such service or method.</summary>
    Unimplemented = 12,

    /// <summary>An invariant of the server is broken.</summary>
    Internal = 13,

    /// <summary>The connection is broken or refused.</summary>
    Unavailable = 14,

    /// <summary>Data is lost.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}
