namespace Grpc.Core;

/// <summary>A call that did not end with OK. Thrown by a server method, it decides the status its caller sees.</summary>
public class RpcException : Exception
{
    /// <summary>An exception without trailers.</summary>
    public RpcException(Status status)
        : this(status, Metadata.Empty)
    {
    }

    /// <summary>An exception whose local message differs from the status.</summary>
    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message)
    {
    }

    /// <summary>An exception with trailers to send, or that were received.</summary>
    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    /// <summary>An exception with trailers and a local message of its own.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        Status = status;
        Trailers = trailers;
    }

    /// <summary>The outcome.</summary>
    public Status Status { get; }

    /// <summary>The outcome's code.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>Metadata that came, or goes, with the status.</summary>
    public Metadata Trailers { get; }
}
