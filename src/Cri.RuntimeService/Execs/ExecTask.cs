using System.Text.Json;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Streaming;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf;

namespace Cri.RuntimeService.Execs;

/// <summary>One exec in the shim's task API: added and started, resized, waited for, ended, and at last deleted.</summary>
internal sealed class ExecTask
{
    private static readonly TimeSpan _cleanBound = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _startBound = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _hangUpBound = TimeSpan.FromSeconds(2);

    // Opened by the process itself, or by the shim for its terminal; the other end is ours.
    private const string Pipe = "pipe://";

    // How a shim ends its answer that knows other schemes only.
    private const string PipeRefused = "scheme pipe";

    private readonly Container _container;
    private readonly Shim _shim;

    /// <summary>Names an exec. Throws FAILED_PRECONDITION when the container does not run.</summary>
    public ExecTask(Container container)
    {
        if (container.State != V1.ContainerState.ContainerRunning)
        {
            throw CriError.Precondition($"exec in container {container.Id}: it is in state {ContainerView.StateName(container.State)}");
        }

        _container = container;
        _shim = container.Sandbox.RequireShim();
    }

    /// <summary>Its id, unique in the container.</summary>
    public string Id { get; } = "exec-" + ObjectId.New()[..16];

    /// <summary>A path of this exec's own in the bundle.</summary>
    public string FileFor(string stream) => Path.Combine(_container.Files.Bundle, $"{Id}-{stream}");

    /// <summary>
    /// Starts the command with its streams on named pipes that it holds itself, so that its end is known at once, whoever has them
    /// open besides. Returns the exec that runs: another one where an older shim refused the pipes, which may not let go of the id.
    /// </summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="stdio">Where its streams go; what reads and writes the pipes has them open.</param>
    /// <param name="size">The first size of its terminal.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ExecTask> StartOnPipesAsync(
        IReadOnlyList<string> command, ExecStdio stdio, TerminalSize? size, CancellationToken cancellationToken)
    {
        if (!_shim.RefusesPipes)
        {
            try
            {
                var held = new ExecStdio(Target(stdio.Stdin), Target(stdio.Stdout), Target(stdio.Stderr), stdio.Terminal);
                await StartAsync(command, held, size, cancellationToken);
                return this;
            }
            catch (TtrpcException error) when (error.Message.Contains(PipeRefused, StringComparison.Ordinal))
            {
                _shim.RefusesPipes = true;
            }
        }

        var copied = new ExecTask(_container);
        await copied.StartAsync(command, stdio, size, cancellationToken);
        return copied;
    }

    /// <summary>Starts the command; a failure leaves nothing.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="stdio">Where its streams go.</param>
    /// <param name="size">The first size of its terminal.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task StartAsync(
        IReadOnlyList<string> command, ExecStdio stdio, TerminalSize? size, CancellationToken cancellationToken)
    {
        if (RecordFile.Read(_container.Files.Config, RuntimeJson.Default.RuntimeSpec) is not { Process: { } first } spec)
        {
            throw CriError.Precondition($"exec in container {_container.Id}: its config.json is gone");
        }

        var process = first with
        {
            Args = command,
            Terminal = stdio.Terminal,
            ConsoleSize = size is { } given ? new ConsoleSizeSpec(given.Height, given.Width) : null,
        };
        try
        {
            await _shim.Tasks.ExecAsync(
                new ExecProcessRequest
                {
                    Id = _container.Id,
                    ExecId = Id,
                    Terminal = stdio.Terminal,
                    Stdin = stdio.Stdin,
                    Stdout = stdio.Stdout,
                    Stderr = stdio.Stderr,
                    CrispProgram = Program(spec, process, stdio),
                    Spec = TypeUrl.PackJson(TypeUrl.Process, JsonSerializer.SerializeToUtf8Bytes(process, RuntimeJson.Default.ProcessSpec)),
                },
                cancellationToken);

            FaultPoint.Reach(FaultPoints.ExecAdded);

            // What is being started cannot be killed yet: a caller that gives up meanwhile is answered after that.
            using var bound = new CancellationTokenSource(_startBound);
            await _shim.Tasks.StartAsync(new StartRequest { Id = _container.Id, ExecId = Id }, bound.Token);
            FaultPoint.Reach(FaultPoints.ExecStarted);
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (OperationCanceledException)
        {
            await EndAsync(hangUp: false);
            await DeleteAsync();
            throw;
        }
        catch (TtrpcException)
        {
            await DeleteAsync();
            throw;
        }
    }

    /// <summary>Waits for its end. Returns the exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellationToken) =>
        (int)(await _shim.Tasks.WaitAsync(new WaitRequest { Id = _container.Id, ExecId = Id }, cancellationToken)).ExitStatus;

    /// <summary>Sets the size of its terminal; nothing happens when it has ended.</summary>
    public Task ResizeAsync(TerminalSize size, CancellationToken cancellationToken) => TerminalResize.ApplyAsync(_shim, _container.Id, Id, size, cancellationToken);

    /// <summary>Lets its input end, which a shim that copies it holds open until told; nothing happens when it has ended.</summary>
    public async Task CloseInputAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _shim.Tasks.CloseIOAsync(new CloseIORequest { Id = _container.Id, ExecId = Id, Stdin = true }, cancellationToken);
        }
        catch (Exception gone) when (gone is TtrpcException or OperationCanceledException)
        {
            // It has ended, or is being ended.
        }
    }

    /// <summary>
    /// Kills it and all that it has started, as far as the shim can tell, bounded. With <paramref name="hangUp"/> its session is first told that its terminal is
    /// gone, so that a shell takes its jobs along.
    /// </summary>
    public async Task EndAsync(bool hangUp)
    {
        if (!hangUp || !await SignalAsync(Signals.SigHup, _hangUpBound))
        {
            await SignalAsync(Signals.SigKill, _cleanBound);
        }
    }

    /// <summary>Has the shim forget it, bounded.</summary>
    public async Task DeleteAsync()
    {
        using var bound = new CancellationTokenSource(_cleanBound);
        try
        {
            await _shim.Tasks.DeleteAsync(new DeleteRequest { Id = _container.Id, ExecId = Id }, bound.Token);
        }
        catch (Exception gone) when (gone is TtrpcException or OperationCanceledException)
        {
            // The container ended and took its execs along.
        }
    }

    // Nothing where the OCI runtime is to start it.
    private ByteString Program(RuntimeSpec spec, ProcessSpec process, ExecStdio stdio)
    {
        var record = _container.Record;
        return record.DirectExecs && DirectExec.Program(spec, process, record.Id, record.Pid, stdio.Pipes) is { } program
            ? UnsafeByteOperations.UnsafeWrap(program)
            : ByteString.Empty;
    }

    private static string Target(string path) => path.Length == 0 ? "" : Pipe + path;

    // True when it has ended within the bound.
    private async Task<bool> SignalAsync(int signal, TimeSpan limit)
    {
        using var bound = new CancellationTokenSource(limit);
        try
        {
            await _shim.Tasks.KillAsync(
                new KillRequest { Id = _container.Id, ExecId = Id, Signal = (uint)signal, All = true }, bound.Token);
            await WaitAsync(bound.Token);
            return true;
        }
        catch (TtrpcException)
        {
            // It ended by itself just then, or the whole container did.
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
