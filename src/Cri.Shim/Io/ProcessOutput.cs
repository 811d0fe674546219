using Cri.Linux;
using Cri.Shim.Io.Attach;
using Cri.Shim.Loop;
using Cri.Ttrpc;
using Cri.Ttrpc.Attach;

namespace Cri.Shim.Io;

/// <summary>The output side of one process: what it writes to, the copiers, and where the bytes end up.</summary>
internal sealed class ProcessOutput : IDisposable
{
    private static readonly TimeSpan _drainIdleLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _drainLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _cutLimit = TimeSpan.FromSeconds(1);

    private readonly IoServices _services;
    private readonly bool _terminal;
    private readonly string _directory;
    private readonly string _name;
    private readonly string?[] _pipes = new string?[3];
    private readonly List<OutputSink> _sinks = [];
    private readonly List<OutputCopier> _copiers = [];
    private readonly List<Task> _running = [];
    private readonly List<IDisposable> _sources = [];
    private OutputSink? _stdout;
    private OutputSink? _stderr;
    private BinaryLogger? _logger;
    private AttachPoint? _attach;

    private ProcessOutput(IoServices services, bool terminal, string directory, string name) =>
        (_services, _terminal, _directory, _name) = (services, terminal, directory, name);

    private long Copied => _copiers.Sum(copier => copier.Copied);

    // A disk or a logging program that is slow is not a stream that somebody holds open.
    private bool IsWriting => _logger is { Exited.IsCompleted: false } || _copiers.Any(copier => copier.IsWriting);

    /// <summary>Opens the sinks. With a terminal there is one, for all output.</summary>
    /// <param name="services">What processes share.</param>
    /// <param name="stdio">Where the streams go.</param>
    /// <param name="directory">The bundle.</param>
    /// <param name="name">Unique in the bundle.</param>
    /// <param name="id">The container's id.</param>
    public static async Task<ProcessOutput> OpenAsync(IoServices services, Stdio stdio, string directory, string name, string id)
    {
        var output = new ProcessOutput(services, stdio.Terminal, directory, name);
        try
        {
            var stderr = stdio.Terminal ? string.Empty : stdio.Stderr;
            await output.OpenSinksAsync(OutputTarget.Parse(stdio.Stdout), OutputTarget.Parse(stderr), id);
            return output;
        }
        catch
        {
            await output.CloseAsync();
            throw;
        }
    }

    /// <summary>Makes the pipes of a process without a terminal; the writing ends go to <paramref name="child"/>.</summary>
    public void OpenPipes(Dictionary<int, Fd> child)
    {
        if (_logger is not null)
        {
            (child[1], child[2]) = (_logger.Stdout, _logger.Stderr);
            return;
        }

        for (var stream = 1; stream <= 2; stream++)
        {
            if (_pipes[stream] is { } path)
            {
                child[stream] = Fifo.OpenWriter(path);
                FdStream.SetBlocking(child[stream]);
            }
            else if (SinkOf(stream) is { } sink)
            {
                var pipe = Pipe.Create();
                child[stream] = pipe.Writer;
                FdStream.SetNonBlocking(pipe.Reader);
                _sources.Insert(0, pipe.Reader);
                var watch = _services.Loop.Watch(pipe.Reader);
                _sources.Insert(0, watch);
                Copy(watch, sink, stream == 2);
            }
        }
    }

    /// <summary>Copies what comes from a terminal; the watch stays the caller's.</summary>
    public void AttachTerminal(FdWatch master)
    {
        if (SinkOf(1) is { } sink)
        {
            Copy(master, sink, false);
        }
    }

    /// <summary>Opens log files anew.</summary>
    public Task ReopenAsync() => Task.WhenAll(_sinks.Select(sink => sink.ReopenAsync()));

    /// <summary>
    /// Waits until everything is copied. What holds a stream open after the process ended is given up after 2 s without
    /// progress, 10 s when something is being written meanwhile; <paramref name="cut"/> then stops the sources that are not ours.
    /// </summary>
    public async Task DrainAsync(Action cut)
    {
        var all = Task.WhenAll(_logger is null ? _running : [.. _running, _logger.Exited]);
        var started = _services.Loop.Time.GetTimestamp();
        for (var copied = -1L; copied != Copied && _services.Loop.Time.GetElapsedTime(started) < _drainLimit;)
        {
            copied = Copied;
            if (await EndsWithinAsync(all, _drainIdleLimit))
            {
                break;
            }

            if (_sinks.Any(sink => sink.AwaitsReader))
            {
                // Not the process's streams are stuck, their reader is slow.
                (copied, started) = (-1, _services.Loop.Time.GetTimestamp());
            }
            else if (IsWriting)
            {
                copied = -1;
            }
        }

        cut();
        Dispose();
        await EndsWithinAsync(all, _cutLimit);
        _logger?.Kill();
        await CloseAsync();
    }

    /// <summary>Stops copying; what is still in the pipes is lost.</summary>
    public void Dispose()
    {
        _logger?.Dispose();
        _sources.ForEach(source => source.Dispose());
        _sources.Clear();
    }

    private async Task OpenSinksAsync(OutputTarget stdout, OutputTarget stderr, string id)
    {
        if (stdout.Kind == OutputKind.Binary)
        {
            _logger = await BinaryLogger.StartAsync(_services.Loop, _services.Children, stdout, id, _services.Namespace);
            return;
        }

        if (!_terminal)
        {
            _pipes[1] = stdout.Kind == OutputKind.Pipe ? stdout.Path : null;
            _pipes[2] = stderr.Kind == OutputKind.Pipe ? stderr.Path : null;
        }

        _stdout = _pipes[1] is null ? await OpenSinkAsync(stdout) : null;
        var isShared = stderr == stdout || (stderr.Kind == stdout.Kind && stderr.Path == stdout.Path);
        _stderr = isShared ? _stdout : _pipes[2] is null ? await OpenSinkAsync(stderr) : null;
    }

    private OutputSink? SinkOf(int stream) => stream == 1 ? _stdout : _stderr;

    private async Task<OutputSink?> OpenSinkAsync(OutputTarget target)
    {
        OutputSink? sink = target.Kind switch
        {
            OutputKind.None => null,
            OutputKind.Fifo => new FifoSink(_services.Loop, target.Path, hasReader: false),
            OutputKind.Pipe => new FifoSink(_services.Loop, target.Path, hasReader: true),
            OutputKind.File => await FileSink.OpenAsync(_services.Disk, target.Path),
            OutputKind.CriLog => await OpenLogAsync(target.Path),
            _ => throw new TtrpcException(TtrpcStatusCode.InvalidArgument, "a logging program takes both streams: name it as stdout"),
        };
        if (sink is not null)
        {
            _sinks.Add(sink);
        }

        return sink;
    }

    private async Task<OutputSink> OpenLogAsync(string path)
    {
        var log = await CriLog.OpenAsync(_services.Disk, _services.Buffers, path);
        try
        {
            _attach ??= new AttachPoint(_services, _directory, AttachFrame.SocketOf(_name));
            return new AttachableSink(log, _attach);
        }
        catch
        {
            await log.CloseAsync();
            throw;
        }
    }

    private void Copy(FdWatch source, OutputSink sink, bool isStderr)
    {
        var copier = new OutputCopier(_services.Buffers, source, sink, isStderr);
        _copiers.Add(copier);
        _running.Add(copier.RunAsync());
    }

    private async Task<bool> EndsWithinAsync(Task task, TimeSpan limit)
    {
        if (task.IsCompleted)
        {
            return true;
        }

        using var expired = new CancellationTokenSource();
        var ended = await Task.WhenAny(task, Task.Delay(limit, _services.Loop.Time, expired.Token)) == task;
        expired.Cancel();
        return ended;
    }

    private async Task CloseAsync()
    {
        var closing = Task.WhenAll(_sinks.Select(sink => sink.CloseAsync()));
        _sinks.Clear();

        // A disk that hangs must not hold the exit of the process back.
        await EndsWithinAsync(closing, _cutLimit);
    }
}
