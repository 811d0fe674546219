using System.IO.Pipelines;
using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>A call as its handler sees it: the bytes of both bodies, and how the call ends. The transport implements it.</summary>
internal abstract class ServerCall : ServerCallContext
{
    /// <summary>Gives the response its type and what encodings we take.</summary>
    public abstract void SetContentType();

    /// <summary>The request's bytes.</summary>
    public abstract PipeReader RequestBody { get; }

    /// <summary>Where the response's bytes go.</summary>
    public abstract PipeWriter ResponseBody { get; }

    /// <summary>True once the response has a message, sent or not.</summary>
    public bool HasMessage { get; set; }

    /// <summary>Throws RpcException when the request's headers ask for what this server does not do.</summary>
    public abstract void CheckProtocol();

    /// <summary>Makes the server's stop cancel this call; streams would keep it waiting otherwise.</summary>
    public abstract void EndWhenStopping();

    /// <summary>The status for an exception that ended the call: without stack or type, which are no business of a caller.</summary>
    public abstract Status StatusOf(Exception exception);

    /// <summary>Ends the response with a status. Never throws: when the caller is gone there is nobody to tell.</summary>
    public abstract Task SendStatusAsync(Status status);
}
