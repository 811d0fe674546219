namespace Cri.Grpc.Server;

/// <summary>What a server listens on and how much it takes on.</summary>
public sealed record GrpcServerOptions
{
    /// <summary>The absolute path of the unix socket; at most 107 bytes (unix(7)).</summary>
    public required string SocketPath { get; init; }

    /// <summary>The socket's mode; whoever may write to it may call. 0660 unless set.</summary>
    public UnixFileMode SocketMode { get; init; } =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>The largest message to receive or send, in bytes; what is larger is RESOURCE_EXHAUSTED.</summary>
    public int MaxMessageSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>How many connections may be open at once; further ones are closed on accept.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>How many calls one connection may have under way; clients queue further ones.</summary>
    public int MaxStreamsPerConnection { get; init; } = 1024;

    /// <summary>How many calls may be under way on all connections; what comes beyond is RESOURCE_EXHAUSTED before it is read.</summary>
    public int MaxCalls { get; init; } = 4096;

    /// <summary>
    /// For unary methods whose answer may outgrow <see cref="MaxMessageSize"/>: by full name, the name of the method that
    /// streams the same answer. The error of an answer that is too large names it.
    /// </summary>
    public IReadOnlyDictionary<string, string> StreamingAlternatives { get; init; } = new Dictionary<string, string>();

    /// <summary>What stands around every method, outermost first.</summary>
    public IReadOnlyList<ServerInterceptor> Interceptors { get; init; } = [];
}
