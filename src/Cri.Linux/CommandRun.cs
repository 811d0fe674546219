using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Cri.Linux.Faults;

namespace Cri.Linux;

/// <summary>One run of a command: a child process with its pipes, served by poll(2) on the calling thread.</summary>
internal sealed unsafe partial class CommandRun : IDisposable
{
    private const int SigKill = 9;
    private const int ReadSize = 16 * 1024;

    // poll(2) says writable when a pipe has room for this much, so that such a write does not block.
    private const int WriteSize = 4096;

    private const int HeldDescriptor = 3;

    // A killed process that the kernel does not let go yet (state D) must not hold up its caller.
    private static readonly TimeSpan _dyingTime = TimeSpan.FromSeconds(2);

    private readonly CommandOptions _options;
    private readonly Pipe _input = Pipe.Create();
    private readonly Pipe _output = Pipe.Create();
    private readonly Pipe _errorOutput = Pipe.Create();
    private readonly Pipe _wake = Pipe.Create();
    private readonly ArrayBufferWriter<byte> _printed = new();
    private readonly ArrayBufferWriter<byte> _complained = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly int _pid;
    private readonly Fd _process;
    private int _sent;
    private ChildExit? _exit;

    internal CommandRun(CommandOptions options)
    {
        _options = options;
        try
        {
            _pid = ChildProcess.StartWhenFree(Child());
            _process = OpenProcess();
            FaultPoint.Reach(FaultPoints.CommandStarted);
        }
        catch
        {
            DisposePipes();
            throw;
        }

        _input.Reader.Dispose();
        _output.Writer.Dispose();
        _errorOutput.Writer.Dispose();
    }

    private TimeSpan TimeLeft => _options.Timeout - Stopwatch.GetElapsedTime(_started);

    /// <summary>Ends the run from another thread.</summary>
    internal void Cancel()
    {
        byte one = 1;
        Write(_wake.Writer.Number, &one, 1);
    }

    /// <summary>Serves the child's pipes until it is over, killed or not.</summary>
    internal CommandResult Await()
    {
        Span<PollEntry> entries =
        [
            new(_process.Number, PollEvents.Readable),
            new(_wake.Reader.Number, PollEvents.Readable),
            new(_output.Reader.Number, PollEvents.Readable),
            new(_errorOutput.Reader.Number, PollEvents.Readable),
            new(_input.Writer.Number, PollEvents.Writable),
        ];
        var end = Serve(entries);

        // One that somebody killed has not ended its children either, which would go on behind the back of whoever asked.
        if (end is not CommandEnd.Exited || PidFd.Peek(_process) is { Signal: not 0 })
        {
            // The leader is not reaped yet, so its number still names its own group.
            Kill(-_pid, SigKill);
            Poll.Wait(entries[..1], _dyingTime);
        }

        _exit = PidFd.TryReap(_process);
        FaultPoint.Reach(FaultPoints.CommandEnded);
        var output = _printed.WrittenMemory[..Math.Min(_printed.WrittenCount, _options.MaxOutput)];
        return new CommandResult(end, _exit ?? new ChildExit(128 + SigKill, SigKill), output, _complained.WrittenMemory);
    }

    /// <summary>Reaps a child that was killed but did not die in time, blocking for as long as that takes.</summary>
    internal void Reap() => _exit ??= PidFd.Reap(_process);

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposePipes();
        _process.Dispose();
    }

    // Without a pidfd nobody would see it end.
    private Fd OpenProcess()
    {
        try
        {
            return PidFd.Open(_pid);
        }
        catch
        {
            ChildProcess.KillAndReap(_pid);
            throw;
        }
    }

    private ChildProcessOptions Child() => new()
    {
        Path = _options.Path,
        Arguments = _options.Arguments,
        Environment = _options.Environment,
        WorkingDirectory = _options.WorkingDirectory,
        NewSession = true,
        Descriptors = Descriptors(),
    };

    private Dictionary<int, int> Descriptors()
    {
        var descriptors = new Dictionary<int, int>
        {
            [0] = _input.Reader.Number,
            [1] = _output.Writer.Number,
            [2] = _errorOutput.Writer.Number,
        };
        if (_options.Held is { } held)
        {
            descriptors.Add(HeldDescriptor, (int)held.DangerousGetHandle());
        }

        return descriptors;
    }

    private CommandEnd Serve(Span<PollEntry> entries)
    {
        SendInput(ref entries[4]);
        while (true)
        {
            if (TimeLeft <= TimeSpan.Zero)
            {
                return CommandEnd.TimedOut;
            }

            Poll.Wait(entries, TimeLeft);
            var exited = entries[0].IsReady;
            ServePipes(entries, untilEmpty: exited);
            if (_printed.WrittenCount > _options.MaxOutput)
            {
                return CommandEnd.OutputTooLong;
            }

            if (exited || entries[1].IsReady)
            {
                return exited ? CommandEnd.Exited : CommandEnd.Cancelled;
            }
        }
    }

    private void ServePipes(Span<PollEntry> entries, bool untilEmpty)
    {
        do
        {
            Receive(ref entries[2], _printed, _options.MaxOutput + 1);
            Receive(ref entries[3], _complained, _options.MaxErrorOutput);
            if (!untilEmpty)
            {
                SendInput(ref entries[4]);
            }
        }
        while (untilEmpty && HasMore(entries[2..4]));
    }

    // Once the program has ended, what it printed is in the pipes; a child of it that holds them open is not waited for.
    private bool HasMore(Span<PollEntry> outputs) =>
        _printed.WrittenCount <= _options.MaxOutput && TimeLeft > TimeSpan.Zero && Poll.Wait(outputs, TimeSpan.Zero) > 0;

    private static void Receive(ref PollEntry entry, ArrayBufferWriter<byte> into, int limit)
    {
        if (!entry.IsReady)
        {
            return;
        }

        var buffer = stackalloc byte[ReadSize];
        var count = (int)Read(entry.Descriptor, buffer, ReadSize);
        if (count <= 0)
        {
            entry.Descriptor = -1;
            return;
        }

        into.Write(new ReadOnlySpan<byte>(buffer, Math.Min(count, Math.Max(0, limit - into.WrittenCount))));
    }

    private void SendInput(ref PollEntry entry)
    {
        var left = _options.Input.Span[_sent..];
        if (entry.Descriptor >= 0 && entry.IsReady && !left.IsEmpty)
        {
            fixed (byte* from = left)
            {
                var count = (int)Write(entry.Descriptor, from, (nuint)Math.Min(left.Length, WriteSize));
                _sent = count < 0 ? _options.Input.Length : _sent + count;
            }
        }

        if (entry.Descriptor >= 0 && _sent == _options.Input.Length)
        {
            // The end of its input, or nobody reads it: a program may ignore its input.
            entry.Descriptor = -1;
            _input.Writer.Dispose();
        }
    }

    private void DisposePipes()
    {
        _input.Dispose();
        _output.Dispose();
        _errorOutput.Dispose();
        _wake.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
