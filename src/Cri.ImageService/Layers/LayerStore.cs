using System.Text.Json;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>
/// The extracted layers under <c>layers/</c>, each once, found by diff id. A layer has its name only when every byte of
/// it is on stable storage, and keeps it while somebody holds a <see cref="LayerLease"/> on it; with the last lease it goes.
/// <code>
/// unfinished (.tmp-*) --Commit--> named --last lease released--> doomed (.del-*) --> gone
/// </code>
/// </summary>
public sealed class LayerStore
{
    private readonly StorageLayout _layout;
    private readonly DiskSync _sync;
    private readonly Lock _lock = new();
    private readonly Dictionary<Digest, Layer> _byDiffId = [];
    private readonly Dictionary<string, int> _leases = [];
    private readonly HashSet<string> _names = [];

    private LayerStore(StorageLayout layout)
    {
        _layout = layout;
        _sync = new DiskSync(layout.Layers);
    }

    /// <summary>The space that all layers take.</summary>
    public FileSystemUsage Usage
    {
        get
        {
            lock (_lock)
            {
                return _byDiffId.Values.Aggregate(FileSystemUsage.None, (sum, layer) => sum + layer.Usage);
            }
        }
    }

    /// <summary>
    /// Opens the layers below <paramref name="root"/>, after sweeping what an earlier process left unfinished.
    /// When all images and containers have taken their leases, call <see cref="RemoveUnused"/>.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be made or read.</exception>
    public static LayerStore Open(string root)
    {
        var layout = new StorageLayout(root);
        StorageLayout.Sweep(layout.Layers);
        var store = new LayerStore(layout);
        foreach (var path in Directory.EnumerateDirectories(layout.Layers))
        {
            store.Load(path);
        }

        return store;
    }

    /// <summary>A layer that is on disk; null when it is not.</summary>
    public Layer? Find(Digest diffId)
    {
        lock (_lock)
        {
            return _byDiffId.GetValueOrDefault(diffId);
        }
    }

    /// <summary>The tree of a layer, as overlay takes it for a lower directory.</summary>
    public string TreePath(string name) => _layout.LayerTree(name);

    /// <summary>Holds the layers with these diff ids; null, and holds none, when one of them is not on disk.</summary>
    public LayerLease? TryLease(IEnumerable<Digest> diffIds)
    {
        lock (_lock)
        {
            return Lease([.. diffIds.Select(diffId => _byDiffId.GetValueOrDefault(diffId))]);
        }
    }

    /// <summary>Holds the layers with these short names; null, and holds none, when one of them is not on disk.</summary>
    public LayerLease? TryLease(IEnumerable<string> names)
    {
        lock (_lock)
        {
            var byName = _byDiffId.Values.ToDictionary(layer => layer.Name);
            return Lease([.. names.Select(name => byName.GetValueOrDefault(name))]);
        }
    }

    /// <summary>Removes every layer that nobody holds. For the start, when all leases are taken.</summary>
    public void RemoveUnused()
    {
        List<Layer> unused;
        lock (_lock)
        {
            unused = [.. _byDiffId.Values.Where(layer => !_leases.ContainsKey(layer.Name))];
            unused.ForEach(layer => _byDiffId.Remove(layer.DiffId));
        }

        RemoveTrees(unused);
    }

    /// <summary>A new directory to extract a layer into; dispose of it to remove it unless it was committed.</summary>
    internal UnfinishedLayer Begin() => UnfinishedLayer.Create(_layout);

    /// <summary>
    /// Makes an extracted layer durable and gives it its name. When the same layer is there already, that one stays.
    /// </summary>
    internal async Task<Layer> CommitAsync(UnfinishedLayer unfinished, Digest diffId, ExtractedTree tree)
    {
        var metadata = new LayerMetadata
        {
            DiffId = diffId,
            Bytes = tree.Usage.Bytes,
            Inodes = tree.Usage.Inodes,
            ImpliedDirectories = tree.ImpliedDirectories,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(metadata, LayerJson.Default.LayerMetadata);
        AtomicFile.WriteVolatile(Path.Join(unfinished.Path, LayerMetadata.FileName), content);
        await _sync.FlushAsync();
        string name;
        lock (_lock)
        {
            if (_byDiffId.TryGetValue(diffId, out var existing))
            {
                return existing;
            }

            name = LayerName.Choose(diffId, _names);
            _names.Add(name);
        }

        return Publish(unfinished, metadata.ToLayer(name));
    }

    /// <summary>Removes those of these layers that nobody holds: for a pull that failed between commit and lease.</summary>
    internal Task RemoveUnusedAsync(IEnumerable<Digest> diffIds)
    {
        List<Layer> unused = [];
        lock (_lock)
        {
            foreach (var diffId in diffIds)
            {
                if (_byDiffId.TryGetValue(diffId, out var layer) && !_leases.ContainsKey(layer.Name))
                {
                    _byDiffId.Remove(diffId);
                    unused.Add(layer);
                }
            }
        }

        return RemoveTreesAsync(unused);
    }

    internal Task ReleaseAsync(IReadOnlyList<Layer> layers)
    {
        List<Layer> unused = [];
        lock (_lock)
        {
            foreach (var layer in layers)
            {
                if (--_leases[layer.Name] == 0)
                {
                    _leases.Remove(layer.Name);
                    _byDiffId.Remove(layer.DiffId);
                    unused.Add(layer);
                }
            }
        }

        return RemoveTreesAsync(unused);
    }

    private LayerLease? Lease(List<Layer?> layers)
    {
        if (layers.Contains(null))
        {
            return null;
        }

        foreach (var layer in layers)
        {
            _leases[layer!.Name] = _leases.GetValueOrDefault(layer.Name) + 1;
        }

        return new LayerLease(this, layers!);
    }

    private Layer Publish(UnfinishedLayer unfinished, Layer layer)
    {
        try
        {
            Directory.Move(unfinished.Path, _layout.Layer(layer.Name));
            SyncFs.Directory(_layout.Layers);
        }
        catch
        {
            StorageLayout.Remove(_layout.Layer(layer.Name));
            lock (_lock)
            {
                _names.Remove(layer.Name);
            }

            throw;
        }

        lock (_lock)
        {
            return _byDiffId[layer.DiffId] = layer;
        }
    }

    private Task RemoveTreesAsync(List<Layer> layers) =>
        layers.Count == 0 ? Task.CompletedTask : Task.Run(() => RemoveTrees(layers));

    // The name stays taken until the tree is gone from it, so that a new pull of the same layer gets another one.
    private void RemoveTrees(List<Layer> layers)
    {
        foreach (var layer in layers)
        {
            StorageLayout.Remove(_layout.Layer(layer.Name));
            lock (_lock)
            {
                _names.Remove(layer.Name);
            }
        }
    }

    // A directory without readable metadata was not made here in whole; it cannot be trusted to be a layer.
    private void Load(string path)
    {
        var file = Path.Join(path, LayerMetadata.FileName);
        try
        {
            var metadata = JsonSerializer.Deserialize(File.ReadAllBytes(file), LayerJson.Default.LayerMetadata)
                ?? throw new JsonException("null");
            var name = Path.GetFileName(path);
            if (_byDiffId.TryAdd(metadata.DiffId, metadata.ToLayer(name)))
            {
                _names.Add(name);
                return;
            }
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException)
        {
        }

        StorageLayout.Remove(path);
    }
}
