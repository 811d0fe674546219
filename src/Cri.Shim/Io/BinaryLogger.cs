using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Shim.Processes;
using Cri.Ttrpc;

namespace Cri.Shim.Io;

/// <summary>
/// A logging program as containerd's shims run it: stdout is its descriptor 3, stderr 4, and it closes 5 once it is ready.
/// The container writes to it without the shim in between.
/// </summary>
internal sealed class BinaryLogger : IDisposable
{
    private static readonly TimeSpan _readyLimit = TimeSpan.FromSeconds(10);

    private readonly Task<ChildExit> _exit;
    private readonly int _pid;

    private BinaryLogger(Task<ChildExit> exit, int pid, Fd stdout, Fd stderr)
    {
        _exit = exit;
        _pid = pid;
        Stdout = stdout;
        Stderr = stderr;
    }

    /// <summary>The writing end for the container's stdout.</summary>
    public Fd Stdout { get; }

    /// <summary>The writing end for the container's stderr.</summary>
    public Fd Stderr { get; }

    /// <summary>Completes when the program has ended, which it does at the end of its input.</summary>
    public Task Exited => _exit;

    public static async Task<BinaryLogger> StartAsync(EventLoop loop, Children children, OutputTarget target, string id, string? ns)
    {
        var stdout = Pipe.Create();
        var stderr = Pipe.Create();
        using var ready = Pipe.Create();
        var pid = ChildProcess.StartWhenFree(new ChildProcessOptions
        {
            Path = target.Path,
            Arguments = [target.Path, .. target.Arguments],
            Environment = [$"CONTAINER_ID={id}", $"CONTAINER_NAMESPACE={ns}"],
            Descriptors = new Dictionary<int, int> { [3] = stdout.Reader.Number, [4] = stderr.Reader.Number, [5] = ready.Writer.Number },
        });
        var logger = new BinaryLogger(children.WaitAsync(pid), pid, stdout.Writer, stderr.Writer);
        stdout.Reader.Dispose();
        stderr.Reader.Dispose();
        ready.Writer.Dispose();
        using var watch = loop.Watch(ready.Reader);
        var isReady = watch.ReadableAsync();
        if (await Task.WhenAny(isReady, loop.Delay(_readyLimit)) != isReady)
        {
            logger.Dispose();
            Signals.Send(pid, Signals.SigKill);
            throw new TtrpcException(
                TtrpcStatusCode.Unknown, $"logging program {target.Path} was not ready within {_readyLimit.TotalSeconds} s");
        }

        return logger;
    }

    /// <summary>Ends a program that outlives its container.</summary>
    public void Kill()
    {
        if (!_exit.IsCompleted)
        {
            Signals.Send(_pid, Signals.SigKill);
        }
    }

    public void Dispose()
    {
        Stdout.Dispose();
        Stderr.Dispose();
    }
}
