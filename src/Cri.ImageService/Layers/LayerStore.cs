using Cri.ImageService.Integrity;
using Cri.ImageService.Removal;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>
/// The extracted layers under <c>layers/</c>, each once, found by diff id. A layer has its name only when every byte of
/// it is on stable storage, and keeps it while somebody holds a <see cref="LayerLease"/> on it; with the last lease it goes.
/// One that is found damaged is no longer found by its diff id, so that the next pull fetches it anew under another name.
/// <code>
/// unfinished (.tmp-*) --Commit--> named --last lease released--> doomed (.del-*) --in the background--> gone
///                                   |                              ^
///                                   +---Retire---> damaged --------+
/// </code>
/// </summary>
public sealed partial class LayerStore : IDisposable
{
    private readonly StorageLayout _layout;
    private readonly DiskSync _sync;
    private readonly Lock _lock = new();

    // Sound ones only; a damaged one is known by its name alone.
    private readonly Dictionary<Digest, Layer> _byDiffId = [];
    private readonly Dictionary<string, Layer> _byName = [];
    private readonly Dictionary<string, int> _leases = [];

    // Names of directories, with those of layers that are being committed.
    private readonly HashSet<string> _names = [];

    private LayerStore(StorageLayout layout, ImageJournal journal)
    {
        _layout = layout;
        _sync = new DiskSync(layout.Layers);
        Journal = journal;
        Removal = new BackgroundRemoval(journal);
        Leftovers = new LeftoverReport(journal);
    }

    /// <summary>The space that all layers take, with those that are gone but not yet removed from disk.</summary>
    public FileSystemUsage Usage => All.Aggregate(Removal.Pending(_layout.Layers), (sum, layer) => sum + layer.Usage);

    /// <summary>The directory that all layers lie in.</summary>
    public string Directory => _layout.Layers;

    /// <summary>All layers on disk, damaged ones too, in no particular order.</summary>
    public IReadOnlyList<Layer> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _byName.Values];
            }
        }
    }

    internal ImageJournal Journal { get; }

    internal BackgroundRemoval Removal { get; }

    internal LeftoverReport Leftovers { get; }

    /// <summary>A sound layer that is on disk; null when it is not.</summary>
    public Layer? Find(Digest diffId)
    {
        lock (_lock)
        {
            return _byDiffId.GetValueOrDefault(diffId);
        }
    }

    /// <summary>The tree of a layer, as overlay takes it for a lower directory.</summary>
    public string TreePath(string name) => _layout.LayerTree(name);

    /// <summary>The directory of a layer, with its tree and what is kept beside it.</summary>
    internal string LayerPath(string name) => _layout.Layer(name);

    /// <summary>Holds the layers with these diff ids; null, and holds none, when one of them is not on disk or damaged.</summary>
    public LayerLease? TryLease(IEnumerable<Digest> diffIds)
    {
        lock (_lock)
        {
            return Lease([.. diffIds.Select(diffId => _byDiffId.GetValueOrDefault(diffId))]);
        }
    }

    /// <summary>Holds the layers with these short names; null, and holds none, when one of them is not on disk or damaged.</summary>
    public LayerLease? TryLease(IEnumerable<string> names)
    {
        lock (_lock)
        {
            return Lease([.. names.Select(name => _byName.GetValueOrDefault(name) is { } layer && IsSound(layer) ? layer : null)]);
        }
    }

    /// <summary>As <see cref="TryLease(IEnumerable{string})"/>, but damaged ones too: for who is over them already.</summary>
    internal LayerLease? TryLeaseAsTheyAre(IEnumerable<string> names)
    {
        lock (_lock)
        {
            return Lease([.. names.Select(name => _byName.GetValueOrDefault(name))]);
        }
    }

    /// <summary>Holds those of these layers that are on disk and sound: for an image that lacks the others.</summary>
    internal LayerLease LeaseSound(IEnumerable<Digest> diffIds)
    {
        lock (_lock)
        {
            return Lease([.. diffIds.Select(diffId => _byDiffId.GetValueOrDefault(diffId)).OfType<Layer>()])!;
        }
    }

    /// <summary>Ends what runs in the background; the next start resumes it. Everybody else must have ended before.</summary>
    public void Dispose()
    {
        Removal.Dispose();
        try
        {
            LastRun.End(_layout);
        }
        catch (IOException error)
        {
            Journal.Warn($"the next start will look closer than it needs to: {error.Message}");
        }
    }

    /// <summary>
    /// True once there are records that only a newer version of the program can read: what they need is not known, so no layer is known
    /// to be unused.
    /// </summary>
    internal bool KeepsAll { get; set; }

    /// <summary>True until the layer is found damaged.</summary>
    internal bool IsSound(Layer layer)
    {
        lock (_lock)
        {
            return ReferenceEquals(_byDiffId.GetValueOrDefault(layer.DiffId), layer);
        }
    }

    /// <summary>Removes those of these layers that nobody holds: for a pull that failed between commit and lease.</summary>
    internal Task RemoveUnusedAsync(IEnumerable<Digest> diffIds)
    {
        lock (_lock)
        {
            return RemoveAsync(ForgetUnused(diffIds.Select(diffId => _byDiffId.GetValueOrDefault(diffId)).OfType<Layer>().Distinct().ToList()));
        }
    }

    internal Task ReleaseAsync(IReadOnlyList<Layer> layers)
    {
        lock (_lock)
        {
            foreach (var layer in layers)
            {
                if (--_leases[layer.Name] == 0)
                {
                    _leases.Remove(layer.Name);
                }
            }

            return RemoveAsync(ForgetUnused(layers));
        }
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

    // Under the lock. Nobody can get hold of them any more; their names stay taken until their directories lose them.
    private List<Layer> ForgetUnused(IEnumerable<Layer> layers)
    {
        List<Layer> unused = [.. (KeepsAll ? [] : layers).Where(layer => !_leases.ContainsKey(layer.Name) && _byName.Remove(layer.Name))];
        foreach (var layer in unused.Where(layer => ReferenceEquals(_byDiffId.GetValueOrDefault(layer.DiffId), layer)))
        {
            _byDiffId.Remove(layer.DiffId);
        }

        return unused;
    }

    private Task RemoveAsync(List<Layer> unused) => unused.Count == 0 ? Task.CompletedTask : Task.Run(() => Remove(unused, null));

    private void Remove(List<Layer> unused, LeftoverReport? report)
    {
        foreach (var layer in unused)
        {
            try
            {
                Removal.Remove(_layout.Layer(layer.Name), layer.Usage, report);
            }
            catch (IOException error)
            {
                // It keeps its name, which nobody takes; the next start finds that nobody needs it.
                Journal.Warn($"layer {layer.Name} cannot be removed: {error.Message}");
                continue;
            }

            lock (_lock)
            {
                _names.Remove(layer.Name);
            }
        }
    }
}
