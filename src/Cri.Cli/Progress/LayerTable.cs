using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Progress;

/// <summary>A pull as lines of text: one for each layer with a bar, and one for all of it. It knows the speeds, since it sees the counts go by.</summary>
internal sealed class LayerTable(string what)
{
    private const int BarMin = 8;
    private const int BarMax = 40;

    private readonly Dictionary<string, RateMeter> _rates = [];
    private readonly RateMeter _total = new();
    private PullProgress _progress = new();
    private ulong _present;

    /// <summary>Notes how far the pull is.</summary>
    public void Update(PullProgress progress, TimeSpan now)
    {
        _progress = progress;
        foreach (var layer in progress.Layers)
        {
            RateOf(layer).Add(now, layer.Done);
        }

        // What was here already has taken no time, and says nothing about the rest.
        _present = Sum(progress.Layers.Where(layer => layer.State == LayerState.LayerPresent), layer => layer.Done);
        _total.Add(now, Sum(progress.Layers, layer => layer.Done) - _present);
    }

    /// <summary>The lines, each at most <paramref name="columns"/> wide, and at most <paramref name="rows"/> of them.</summary>
    public IReadOnlyList<string> Lines(TimeSpan now, int columns, int rows)
    {
        var room = Math.Max(rows - 1, 0);
        if (_progress.Layers.Count <= room)
        {
            return [.. _progress.Layers.Select(layer => Fit(LayerLine(layer, now, columns), columns)), Fit(TotalLine(now), columns)];
        }

        var shown = Choose(Math.Max(room - 1, 0));
        var hidden = _progress.Layers.Where((_, index) => !shown.Contains(index)).ToList();
        return
        [
            .. _progress.Layers.Where((_, index) => shown.Contains(index)).Select(layer => Fit(LayerLine(layer, now, columns), columns)),
            .. room > 0 ? [Fit($"{hidden.Count} more layers, {hidden.Count(IsDone)} done", columns)] : Array.Empty<string>(),
            Fit(TotalLine(now), columns),
        ];
    }

    // Those that move come first when there is no room for all, but the order stays.
    private HashSet<int> Choose(int room) =>
        [.. Enumerable.Range(0, _progress.Layers.Count).OrderBy(index => Urgency(_progress.Layers[index].State)).Take(room)];

    private static int Urgency(LayerState state) => state switch
    {
        LayerState.LayerExtracting => 0,
        LayerState.LayerDownloading => 1,
        LayerState.LayerWaiting => 2,
        _ => 3,
    };

    private string LayerLine(LayerProgress layer, TimeSpan now, int columns)
    {
        var rate = layer.State == LayerState.LayerDownloading ? RateOf(layer).Rate(now) : 0;
        var start = $"{ShortId.Of(layer.Digest)}  {Word(layer.State),-11}  ";
        var end = $"  {ByteSize.Of(layer.Done),6} / {ByteSize.Of(layer.Size),-6}  {(rate > 0 ? $"{ByteSize.Of((ulong)rate)}/s" : ""),-8}";
        var bar = Math.Min(columns - start.Length - end.Length - 1, BarMax);
        return layer.State == LayerState.LayerPresent ? $"{start}{ByteSize.Of(layer.Size)}"
            : bar < BarMin ? $"{start}{end.Trim()}"
            : start + Bar(layer.Done, layer.Size, bar) + end;
    }

    private string TotalLine(TimeSpan now)
    {
        var layers = _progress.Layers;
        if (layers.Count == 0)
        {
            return $"{what}: asking  {now.TotalSeconds:0}s";
        }

        var (done, size) = (Sum(layers, layer => layer.Done), Sum(layers, layer => layer.Size));
        var rate = _total.Rate(now);
        var left = size - Math.Min(done, size);
        var eta = left > 0 && rate > 0 ? $"  {Span(TimeSpan.FromSeconds(Math.Min(left / rate, 359_999)))} left" : "";
        var speed = rate > 0 ? $"  {ByteSize.Of((ulong)rate)}/s" : "";
        return $"{what}: {layers.Count(IsDone)}/{layers.Count} layers  {ByteSize.Of(done)} / {ByteSize.Of(size)}{speed}  {Span(now)}{eta}";
    }

    private RateMeter RateOf(LayerProgress layer)
    {
        if (!_rates.TryGetValue(layer.Digest, out var meter))
        {
            _rates[layer.Digest] = meter = new RateMeter();
        }

        return meter;
    }

    /// <summary>A bar of full and empty blocks.</summary>
    public static string Bar(ulong done, ulong size, int width)
    {
        var filled = size == 0 ? width : (int)Math.Min((double)done / size * width, width);
        return new string('█', filled) + new string('░', width - filled);
    }

    /// <summary>A state in a word.</summary>
    public static string Word(LayerState state) => state switch
    {
        LayerState.LayerWaiting => "waiting",
        LayerState.LayerDownloading => "downloading",
        LayerState.LayerExtracting => "extracting",
        LayerState.LayerDone => "done",
        LayerState.LayerPresent => "present",
        _ => "",
    };

    private static bool IsDone(LayerProgress layer) => layer.State is LayerState.LayerDone or LayerState.LayerPresent;

    private static ulong Sum(IEnumerable<LayerProgress> layers, Func<LayerProgress, ulong> value) =>
        layers.Aggregate(0ul, (sum, layer) => sum + value(layer));

    private static string Span(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(int)time.TotalHours}h{time.Minutes:00}m" : time.TotalMinutes >= 1 ? $"{time.Minutes}m{time.Seconds:00}s" : $"{time.TotalSeconds:0}s";

    private static string Fit(string line, int columns) => line.Length <= columns ? line : line[..columns];
}
