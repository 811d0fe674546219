using System.Diagnostics;

namespace Cri.Bench.Measuring;

/// <summary>All values measured in a run, by figure and endpoint, in the order of the figures' first measurement. Thread-safe.</summary>
public sealed class Measurements
{
    private readonly Lock _lock = new();
    private readonly List<Figure> _figures = [];
    private readonly Dictionary<(Figure Figure, string Endpoint), List<double>> _values = [];

    /// <summary>The figures that have a value.</summary>
    public IReadOnlyList<Figure> Figures
    {
        get
        {
            lock (_lock)
            {
                return [.. _figures];
            }
        }
    }

    /// <summary>The values of a figure at an endpoint; empty when it was not measured there.</summary>
    public IReadOnlyList<double> Of(Figure figure, string endpoint)
    {
        lock (_lock)
        {
            return _values.TryGetValue((figure, endpoint), out var values) ? [.. values] : [];
        }
    }

    /// <summary>Adds a value.</summary>
    public void Add(Figure figure, string endpoint, double value)
    {
        lock (_lock)
        {
            if (!_figures.Contains(figure))
            {
                _figures.Add(figure);
            }

            if (!_values.TryGetValue((figure, endpoint), out var values))
            {
                _values[(figure, endpoint)] = values = [];
            }

            values.Add(value);
        }
    }

    /// <summary>Adds the time that a call takes, in milliseconds; a call that fails is not counted, and its error is the caller's.</summary>
    public async Task<T> TimeAsync<T>(Figure figure, string endpoint, Func<Task<T>> call)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await call();
        Add(figure, endpoint, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        return result;
    }
}
