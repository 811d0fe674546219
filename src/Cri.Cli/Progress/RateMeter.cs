namespace Cri.Cli.Progress;

/// <summary>The speed of something that counts up, over the last few seconds.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan _window = TimeSpan.FromSeconds(4);

    private readonly Queue<(TimeSpan Time, ulong Value)> _samples = new();

    /// <summary>What it counted last.</summary>
    public ulong Value { get; private set; }

    /// <summary>Notes a count. Times only grow.</summary>
    public void Add(TimeSpan time, ulong value)
    {
        Value = value;
        _samples.Enqueue((time, value));
        while (_samples.Count > 2 && time - _samples.Peek().Time > _window)
        {
            _samples.Dequeue();
        }
    }

    /// <summary>Per second at <paramref name="now"/>; 0 while nothing can be said.</summary>
    public double Rate(TimeSpan now)
    {
        if (_samples.Count == 0)
        {
            return 0;
        }

        var (time, value) = _samples.Peek();
        var seconds = (now - time).TotalSeconds;
        return seconds > 0 && Value > value ? (Value - value) / seconds : 0;
    }
}
