using Xunit;

namespace Cri.Streaming.Tests;

/// <summary>A listener with what it warned of, and requests to register.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly List<string> _warnings = [];

    private TestServer(StreamingOptions options) =>
        Server = StreamingServer.Start(options with { Warn = text => { lock (_warnings) { _warnings.Add(text); } } });

    /// <summary>The listener.</summary>
    internal StreamingServer Server { get; }

    /// <summary>Begins to listen.</summary>
    internal static TestServer Start(StreamingOptions? options = null) => new(options ?? new StreamingOptions());

    /// <summary>The URL of an exec with stdin, stdout and stderr, or with a terminal.</summary>
    internal Uri Exec(Func<TerminalStreams, CancellationToken, Task<int>> serve, bool tty = false) =>
        Server.Register(new TerminalRequest(TerminalVerb.Exec, Stdin: true, Stdout: true, Stderr: !tty, Tty: tty, serve));

    /// <summary>The URL of an exec that copies its input to its output, and ends with a code.</summary>
    internal Uri Cat(int code = 0) => Exec(async (streams, gone) =>
    {
        await streams.Stdin!.CopyToAsync(streams.Stdout!, gone);
        return code;
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Assert.Empty(_warnings);
    }
}
