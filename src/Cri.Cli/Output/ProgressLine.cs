using System.Diagnostics;

namespace Cri.Cli.Output;

/// <summary>A line on a terminal that shows something is under way, and for how long; nothing at all elsewhere.</summary>
internal sealed class ProgressLine : IAsyncDisposable
{
    private const string ClearLine = "\r\u001b[K";
    private static readonly string[] _frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    private readonly CancellationTokenSource _stop = new();
    private readonly Terminal _terminal;
    private readonly Task _drawing;

    /// <summary>Starts drawing.</summary>
    public ProgressLine(Terminal terminal, string label)
    {
        _terminal = terminal;
        _drawing = terminal.IsInteractive ? DrawAsync(label) : Task.CompletedTask;
    }

    /// <summary>Stops drawing and clears the line.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _drawing;
        _stop.Dispose();
        if (_terminal.IsInteractive)
        {
            _terminal.WriteError(ClearLine);
        }
    }

    private async Task DrawAsync(string label)
    {
        var started = Stopwatch.GetTimestamp();
        for (var frame = 0; !_stop.IsCancellationRequested; frame++)
        {
            var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
            _terminal.WriteError($"{ClearLine}{_frames[frame % _frames.Length]} {label} {elapsed:0}s");
            await Task.Delay(100, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }
}
