using System.Diagnostics;
using Cri.Api.CrispV1;
using Cri.Linux;

namespace Cri.Cli.Progress;

/// <summary>
/// Shows a pull on a terminal while it runs, a bar for each layer; nothing at all elsewhere. What is drawn goes away at the end.
/// </summary>
internal sealed class PullDisplay : IAsyncDisposable
{
    // What is over before is not worth drawing.
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(120);

    private readonly Terminal _terminal;
    private readonly LiveLines _lines;
    private readonly LayerTable _table;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Task _drawing;
    private string? _note;

    /// <summary>Starts drawing when there is a terminal.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="what">What is done: "pulling nginx".</param>
    public PullDisplay(Terminal terminal, string what)
    {
        _terminal = terminal;
        _lines = new LiveLines(terminal);
        _table = new LayerTable(what);
        _drawing = terminal.IsInteractive ? DrawAsync() : Task.CompletedTask;
    }

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Notes how far it is.</summary>
    public void Update(PullProgress progress)
    {
        lock (_lock)
        {
            _note = null;
            _table.Update(progress, Elapsed);
        }
    }

    /// <summary>Says what happens before there is a layer to show.</summary>
    public void Note(string note)
    {
        lock (_lock)
        {
            _note = note;
        }
    }

    /// <summary>Stops drawing and clears what was drawn.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _drawing;
        _stop.Dispose();
        _lines.Clear();
    }

    private async Task DrawAsync()
    {
        await Pause(_patience);
        while (!_stop.IsCancellationRequested)
        {
            var (columns, rows) = _terminal.Size;
            _lines.Draw(Lines(columns - 1, rows - 1));
            await Pause(_interval);
        }
    }

    private IReadOnlyList<string> Lines(int columns, int rows)
    {
        lock (_lock)
        {
            return _note is { } note ? [note.Length <= columns ? note : note[..columns]] : _table.Lines(Elapsed, columns, rows);
        }
    }

    private Task Pause(TimeSpan time) => Task.Delay(time, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
}
