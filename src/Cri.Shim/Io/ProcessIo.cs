using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>The standard streams of one process, from before the OCI runtime makes it until its last byte is written.</summary>
internal sealed class ProcessIo : IDisposable
{
    private readonly IoServices _services;
    private readonly ProcessOutput _output;
    private readonly Dictionary<int, Fd> _child = [];
    private readonly InputCopier? _input;
    private readonly ConsoleSocket? _console;
    private readonly List<IDisposable> _held = [];
    private Fd? _master;
    private FdWatch? _masterWatch;

    private ProcessIo(IoServices services, ProcessOutput output, Stdio stdio, string directory, string name)
    {
        _services = services;
        _output = output;
        try
        {
            var (stdin, isPipe) = InputOf(stdio.Stdin);
            if (isPipe && !stdio.Terminal)
            {
                _child[0] = Fifo.OpenReader(stdin);
                FdStream.SetBlocking(_child[0]);
            }
            else if (stdin.Length > 0)
            {
                _input = new InputCopier(services.Loop, services.Buffers, stdin, holdsOpen: !isPipe);
            }

            if (stdio.Terminal)
            {
                _console = new ConsoleSocket(directory, $"{name}.sock");
            }
            else
            {
                OpenInput();
                _output.OpenPipes(_child);
                GiveTo(stdio.Owner);
                OutputPipes = Identify();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The pipes that its output goes to; none with a terminal.</summary>
    public IReadOnlyList<PipeIdentity> OutputPipes { get; private set; } = [];

    /// <summary>The descriptors to start the process with, by their number there.</summary>
    public IReadOnlyDictionary<int, int> Descriptors => _child.ToDictionary(pair => pair.Key, pair => pair.Value.Number);

    /// <summary>The console socket to give to the runtime; null without a terminal.</summary>
    public string? ConsolePath => _console?.Path;

    /// <summary>Opens everything that the process will need.</summary>
    /// <param name="services">What processes share.</param>
    /// <param name="stdio">Where the streams go.</param>
    /// <param name="directory">The bundle.</param>
    /// <param name="name">Unique in the bundle.</param>
    /// <param name="id">The container's id.</param>
    public static async Task<ProcessIo> OpenAsync(IoServices services, Stdio stdio, string directory, string name, string id)
    {
        var output = await ProcessOutput.OpenAsync(services, stdio, directory, name, id);
        try
        {
            return new ProcessIo(services, output, stdio, directory, name);
        }
        catch
        {
            await output.DrainAsync(() => { });
            throw;
        }
    }

    /// <summary>Gives the process's ends up, now that it has them, and takes its terminal.</summary>
    public void Attach()
    {
        CloseChildEnds();
        if (_console is not null)
        {
            _master = _console.ReceiveMaster();
            _console.Dispose();
            FdStream.SetNonBlocking(_master);
            _masterWatch = _services.Loop.Watch(_master);
            _output.AttachTerminal(_masterWatch);
            if (_input is not null)
            {
                _ = _input.RunAsync(_masterWatch);
            }
        }
    }

    /// <summary>Lets the standard input end.</summary>
    public void CloseInput() => _input?.CloseWriter();

    /// <summary>Sets the terminal's size. Returns false without a terminal.</summary>
    public bool Resize(ushort columns, ushort rows)
    {
        if (_master is null)
        {
            return false;
        }

        Pty.Resize(_master, columns, rows);
        return true;
    }

    /// <summary>Opens log files anew.</summary>
    public Task ReopenAsync() => _output.ReopenAsync();

    /// <summary>After the process ended or was never made: writes its last output, bounded, and closes everything.</summary>
    public async Task CloseAsync()
    {
        CloseChildEnds();
        await _output.DrainAsync(() => _masterWatch?.Dispose());
        Dispose();
    }

    /// <summary>Closes everything at once.</summary>
    public void Dispose()
    {
        CloseChildEnds();
        _held.ForEach(held => held.Dispose());
        _input?.Dispose();
        _console?.Dispose();
        _masterWatch?.Dispose();
        _master?.Dispose();
    }

    // A pipe is one whose writer is there already, and whose end is the end of the input.
    private static (string Path, bool IsPipe) InputOf(string stdin)
    {
        var separator = stdin.IndexOf("://", StringComparison.Ordinal);
        return separator < 0 ? (stdin, false) : (stdin[(separator + 3)..], stdin.StartsWith("pipe:", StringComparison.Ordinal));
    }

    private List<PipeIdentity> Identify()
    {
        var pipes = new List<PipeIdentity>();
        foreach (var (number, pipe) in _child)
        {
            if (number != 0)
            {
                pipes.Add(PipeIdentity.Of(pipe));
            }
        }

        return pipes;
    }

    private void GiveTo((uint User, uint Group) owner)
    {
        if (owner != default)
        {
            foreach (var pipe in _child.Values)
            {
                FileTree.SetOwner(pipe, owner.User, owner.Group);
            }
        }
    }

    private void OpenInput()
    {
        if (_input is not null)
        {
            var pipe = Pipe.Create();
            _child[0] = pipe.Reader;
            FdStream.SetNonBlocking(pipe.Writer);
            _ = CopyInputAsync(_input, pipe.Writer);
        }
    }

    private async Task CopyInputAsync(InputCopier input, Fd target)
    {
        using (target)
        using (var watch = _services.Loop.Watch(target))
        {
            _held.Add(watch);
            await input.RunAsync(watch);
        }
    }

    private void CloseChildEnds()
    {
        foreach (var fd in _child.Values)
        {
            fd.Dispose();
        }
    }
}
