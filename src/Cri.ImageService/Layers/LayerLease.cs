namespace Cri.ImageService.Layers;

/// <summary>Keeps layers from being removed for as long as an image, a container or a pull needs them.</summary>
public sealed class LayerLease : IAsyncDisposable
{
    private readonly LayerStore _store;
    private int _released;

    internal LayerLease(LayerStore store, IReadOnlyList<Layer> layers)
    {
        _store = store;
        Layers = layers;
    }

    /// <summary>The layers, in the order they were asked for.</summary>
    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>Gives the layers up and removes from disk those that nobody else holds. More than once does nothing.</summary>
    public ValueTask DisposeAsync() =>
        Interlocked.Exchange(ref _released, 1) == 0 ? new ValueTask(_store.ReleaseAsync(Layers)) : ValueTask.CompletedTask;
}
