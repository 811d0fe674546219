namespace Grpc.Core;

/// <summary>What a server method knows of its call.</summary>
public abstract class ServerCallContext
{
    /// <summary>The method, /package.Service/Method.</summary>
    public abstract string Method { get; }

    /// <summary>The authority the client addressed.</summary>
    public abstract string Host { get; }

    /// <summary>The other end, as "unix:" and what is known of it.</summary>
    public abstract string Peer { get; }

    /// <summary>When the caller stops waiting, in UTC; DateTime.MaxValue without a deadline.</summary>
    public abstract DateTime Deadline { get; }

    /// <summary>The request's metadata, without the headers of the protocol itself.</summary>
    public abstract Metadata RequestHeaders { get; }

    /// <summary>Cancelled when the deadline passes, the caller gives up, or, for streams, the server stops.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>Metadata to send with the status.</summary>
    public abstract Metadata ResponseTrailers { get; }

    /// <summary>The status to send when the method returns normally; OK unless set.</summary>
    public Status Status { get; set; } = Status.DefaultSuccess;

    /// <summary>Notes that interceptors and methods leave for one another.</summary>
    public IDictionary<object, object> UserState => _userState ??= [];

    private Dictionary<object, object>? _userState;

    /// <summary>Sends the response headers now, with these entries. Throws InvalidOperationException when they are out already.</summary>
    public abstract Task WriteResponseHeadersAsync(Metadata responseHeaders);
}
