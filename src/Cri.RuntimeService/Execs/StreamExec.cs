using Cri.RuntimeService.Containers;
using Cri.Streaming;
using Cri.Ttrpc;
using Grpc.Core;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// Exec with a client at its streams, by named pipes that the command itself writes and reads (with a terminal the shim
/// does), so that a slow client stalls its own command only. Output that children hold open after the command has ended is
/// waited for at most the drain bound. When the client goes, the command's process group is killed; one with a terminal is
/// told by SIGHUP first.
/// </summary>
public static class StreamExec
{
    private static readonly TimeSpan _drainBound = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _firstSizeBound = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Runs the command. Returns its exit code. Throws <see cref="StreamException"/> when it cannot run, and
    /// <see cref="OperationCanceledException"/> when the client is gone.
    /// </summary>
    /// <param name="container">The container, which must run.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="tty">True to give it a terminal.</param>
    /// <param name="streams">The client.</param>
    /// <param name="cancellationToken">Ends when the client is gone.</param>
    public static async Task<int> RunAsync(
        Container container, IReadOnlyList<string> command, bool tty, TerminalStreams streams, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(container, new ExecTask(container), command, tty, streams, cancellationToken);
        }
        catch (RpcException error)
        {
            throw new StreamException(error.Status.Detail);
        }
        catch (TtrpcException error)
        {
            throw new StreamException($"exec in container {container.Id}: {error.Message}");
        }
    }

    private static async Task<int> RunAsync(
        Container container, ExecTask exec, IReadOnlyList<string> command, bool tty, TerminalStreams streams, CancellationToken cancellationToken)
    {
        using var stdin = streams.Stdin is { } input ? new InputRelay(exec.FileFor("stdin"), input) : null;
        using var stdout = streams.Stdout is { } output ? new OutputRelay(exec.FileFor("stdout"), output) : null;
        using var stderr = streams.Stderr is { } errors && !tty ? new OutputRelay(exec.FileFor("stderr"), errors) : null;
        var stdio = new ExecStdio(stdin?.Path ?? "", stdout?.Path ?? "", stderr?.Path ?? "", tty);
        var size = tty ? await FirstSizeAsync(streams) : null;
        exec = await exec.StartOnPipesAsync(command, stdio, size, cancellationToken);

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            _ = FeedAsync(exec, stdin, gone.Token);
            _ = TerminalResize.FollowAsync(streams.Resizes, exec.ResizeAsync, gone.Token);
            return await ServeAsync(exec, tty, stdout, stderr, gone);
        }
        finally
        {
            await gone.CancelAsync();
            await exec.DeleteAsync();
        }
    }

    private static async Task FeedAsync(ExecTask exec, InputRelay? stdin, CancellationToken cancellationToken)
    {
        if (stdin is not null)
        {
            await stdin.RunAsync(cancellationToken);
            await exec.CloseInputAsync(cancellationToken);
        }
    }

    private static async Task<int> ServeAsync(ExecTask exec, bool tty, OutputRelay? stdout, OutputRelay? stderr, CancellationTokenSource gone)
    {
        var output = Task.WhenAll(RelayAsync(stdout, gone), RelayAsync(stderr, gone));
        try
        {
            var exitCode = await exec.WaitAsync(gone.Token);
            await Task.WhenAny(output, Task.Delay(_drainBound, gone.Token));
            return exitCode;
        }
        catch (OperationCanceledException)
        {
            await exec.EndAsync(hangUp: tty);
            throw;
        }
        finally
        {
            stdout?.End();
            stderr?.End();
            await output;
        }
    }

    // A client that takes no more output is gone, whether or not its connection says so.
    private static async Task RelayAsync(OutputRelay? relay, CancellationTokenSource gone)
    {
        try
        {
            await (relay?.RunAsync(gone.Token) ?? Task.CompletedTask);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or ObjectDisposedException)
        {
            await gone.CancelAsync();
        }
    }

    // A client sends the size of its terminal at once: with it, the command never sees one of 0 by 0.
    private static async Task<TerminalSize?> FirstSizeAsync(TerminalStreams streams)
    {
        if (streams.Resizes.TryRead(out var size))
        {
            return size;
        }

        using var bound = new CancellationTokenSource(_firstSizeBound);
        try
        {
            return await streams.Resizes.ReadAsync(bound.Token);
        }
        catch (Exception none) when (none is OperationCanceledException or System.Threading.Channels.ChannelClosedException)
        {
            return null;
        }
    }
}
