namespace Grpc.Core;

/// <summary>The outcome of a call, with the numbers of google.rpc.Code.</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The caller gave up.</summary>
    Cancelled = 1,

    /// <summary>A failure nobody classified.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>Time ran out first.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>What the request would make exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller may not.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a size limit or a disk is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The server's state does not allow it, until somebody changes that state.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with another call; worth another try from the start.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The method does not exist here.</summary>
    Unimplemented = 12,

    /// <summary>An invariant broke.</summary>
    Internal = 13,

    /// <summary>The server is not there for now; worth another try.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt.</summary>
    DataLoss = 15,

    /// <summary>The caller did not say, or prove, who it is.</summary>
    Unauthenticated = 16,
}
