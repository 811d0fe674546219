using System.Collections.Concurrent;
using System.Diagnostics;
using Cri.Testing.Pods;

namespace Cri.Testing;

/// <summary>A server that a test started: its output goes to a file, and it never outlives the test run.</summary>
public sealed class BackgroundProcess
{
    /// <summary>The descriptor that it finds open beside the three standard ones.</summary>
    public const int Inherited = 9;

    private static readonly ConcurrentDictionary<int, Process> _running = new();
    private readonly Process _process;
    private readonly string _log;

    static BackgroundProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) => KillAll();

    private BackgroundProcess(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>What it wrote so far.</summary>
    public string Output => File.Exists(_log) ? File.ReadAllText(_log) : "";

    /// <summary>True once it has ended, in whatever way.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>
    /// Starts a program in a session of its own, so that a Ctrl-C in the terminal is not its business, with /dev/zero open as descriptor
    /// <see cref="Inherited"/>, as a careless parent may leave something open.
    /// </summary>
    public static BackgroundProcess Start(string path, IReadOnlyList<string> arguments, string log)
    {
        var start = new ProcessStartInfo("/bin/sh");
        foreach (var argument in (string[])["-c", "log=$1; shift; exec setsid \"$@\" >>\"$log\" 2>&1 </dev/null 9</dev/zero", "sh", log, path, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        _running[process.Id] = process;
        return new BackgroundProcess(process, log);
    }

    /// <summary>Waits until <paramref name="condition"/> holds; fails with the output when the process ends or <see cref="Eventually.Patience"/> is over.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var limit = Stopwatch.StartNew();
        while (!await condition())
        {
            if (_process.HasExited || limit.Elapsed > Eventually.Patience)
            {
                throw new InvalidOperationException($"waiting until {what}: {(_process.HasExited ? "it ended" : "timeout")}\n{Output}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Waits until it has ended by itself; false when it has not within the time.</summary>
    public async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return _process.HasExited;
        }
    }

    /// <summary>Ends it by SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _running.TryRemove(_process.Id, out _);
    }

    /// <summary>Ends it by SIGTERM; SIGKILL when <see cref="Eventually.Patience"/> is over. Returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("/bin/kill", ["-TERM", $"{Id}"]);
            await kill.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(Eventually.Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }

        _running.TryRemove(_process.Id, out _);
        return _process.ExitCode;
    }

    private static void KillAll()
    {
        foreach (var process in _running.Values)
        {
            process.Kill();
        }
    }
}
