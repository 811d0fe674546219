using System.Diagnostics;
using Cri.Cli.Output;

namespace Cri.Cli.Progress;

/// <summary>Shows on a terminal how many bytes of something are done, and how fast; nothing at all elsewhere.</summary>
internal sealed class CountDisplay : IAsyncDisposable
{
    // What is over before is not worth drawing.
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(120);

    private readonly Terminal _terminal;
    private readonly LiveLines _lines;
    private readonly string _what;
    private readonly RateMeter _rate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Task _drawing;
    private ulong _done;
    private ulong _size;
    private volatile string _subject = "";

    /// <summary>Starts drawing when there is a terminal.</summary>
    public CountDisplay(Terminal terminal, string what)
    {
        _terminal = terminal;
        _what = what;
        _lines = new LiveLines(terminal);
        _drawing = terminal.IsInteractive ? DrawAsync() : Task.CompletedTask;
    }

    /// <summary>So many more bytes are done.</summary>
    public void Add(ulong bytes) => Interlocked.Add(ref _done, bytes);

    /// <summary>So many bytes are done.</summary>
    /// <param name="done">Bytes.</param>
    /// <param name="size">Of so many; 0 when nobody knows.</param>
    /// <param name="subject">What they belong to.</param>
    public void Set(ulong done, ulong size = 0, string subject = "")
    {
        Interlocked.Exchange(ref _done, done);
        Interlocked.Exchange(ref _size, size);
        _subject = subject;
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
            var line = Line(Stopwatch.GetElapsedTime(_started));
            var columns = _terminal.Size.Columns - 1;
            _lines.Draw([line.Length <= columns ? line : line[..columns]]);
            await Pause(_interval);
        }
    }

    private string Line(TimeSpan now)
    {
        var (done, size) = (Interlocked.Read(ref _done), Interlocked.Read(ref _size));
        _rate.Add(now, done);
        var rate = _rate.Rate(now);
        return $"{_what}: {ByteSize.Of(done)}{(size > 0 ? $" / {ByteSize.Of(size)}" : "")}{(rate > 0 ? $"  {ByteSize.Of((ulong)rate)}/s" : "")}  {now.TotalSeconds:0}s  {_subject}";
    }

    private Task Pause(TimeSpan time) => Task.Delay(time, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
}
