using System.Net.Sockets;

namespace Cri.Streaming;

/// <summary>What a token stands for: one exec, attach or port-forward that a client may now start.</summary>
public abstract record StreamRequest
{
    /// <summary>The first segment of its URL's path.</summary>
    internal abstract string PathSegment { get; }
}

/// <summary>The two verbs that give a client a process's streams.</summary>
public enum TerminalVerb
{
    /// <summary>A new process in a container.</summary>
    Exec,

    /// <summary>The container's own process.</summary>
    Attach,
}

/// <summary>An exec or attach.</summary>
/// <param name="Verb">Which of them.</param>
/// <param name="Stdin">True when the client is to have the input.</param>
/// <param name="Stdout">True when the client is to have the output.</param>
/// <param name="Stderr">True when the client is to have the error output; never with a terminal.</param>
/// <param name="Tty">True when the process has a terminal.</param>
/// <param name="ServeAsync">
/// Serves it to the end. Answers the exit code (0 for an attach that ended); throws <see cref="StreamException"/> with words
/// for the client. The token ends when the client is gone.
/// </param>
public sealed record TerminalRequest(
    TerminalVerb Verb, bool Stdin, bool Stdout, bool Stderr, bool Tty, Func<TerminalStreams, CancellationToken, Task<int>> ServeAsync)
    : StreamRequest
{
    /// <inheritdoc/>
    internal override string PathSegment => Verb == TerminalVerb.Exec ? "exec" : "attach";
}

/// <summary>A port-forward.</summary>
/// <param name="Ports">
/// The ports (1 to 65535) that a WebSocket's channels stand for; when empty, its query names them. SPDY's streams name their own.
/// </param>
/// <param name="ConnectAsync">
/// Connects to a TCP port (1 to 65535) on the pod's loopback; the caller owns the socket. Throws <see cref="StreamException"/>
/// with words for the client.
/// </param>
public sealed record PortForwardRequest(IReadOnlyList<int> Ports, Func<int, CancellationToken, Task<Socket>> ConnectAsync) : StreamRequest
{
    /// <inheritdoc/>
    internal override string PathSegment => "portforward";
}
