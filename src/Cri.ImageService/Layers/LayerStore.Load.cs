using System.Text.Json;
using Cri.ImageService.Integrity;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Finding the layers at the start.</summary>
public sealed partial class LayerStore
{
    // The newest have most to lose, and a start must not wait for all of them.
    private const int SampledLayersMax = 256;

    /// <summary>
    /// Opens the layers below <paramref name="root"/>. What an earlier process left unfinished is removed in the background.
    /// Of each layer the description is read and the tree looked for, and of the newest a few files are compared with
    /// what they were; what is damaged is told, and serves no image any more.
    /// When all images and containers have taken their leases, call <see cref="RemoveUnused()"/>.
    /// </summary>
    /// <param name="root">The root directory.</param>
    /// <param name="journal">Where to tell what is found; null for nowhere.</param>
    /// <exception cref="IOException">The directory cannot be made or read.</exception>
    public static LayerStore Open(string root, ImageJournal? journal = null)
    {
        var layout = new StorageLayout(root);
        StorageLayout.CreatePrivate(layout.Layers);
        var store = new LayerStore(layout, journal ?? ImageJournal.None);
        store.IsAfterPowerCut = LastRun.Begin(layout);
        store.LoadAll();
        return store;
    }

    /// <summary>Removes every layer that nobody holds. For the start, when all leases are taken.</summary>
    public void RemoveUnused()
    {
        List<Layer> unused;
        lock (_lock)
        {
            unused = ForgetUnused([.. _byName.Values]);
        }

        unused.ForEach(_ => Leftovers.Found("layers that nothing uses"));
        Remove(unused, Leftovers);
    }

    private void LoadAll()
    {
        foreach (var path in System.IO.Directory.EnumerateFiles(_layout.Root).Where(StorageLayout.IsUnfinished).ToList())
        {
            File.Delete(path);
        }

        List<string> layers = [];
        foreach (var path in System.IO.Directory.EnumerateFileSystemEntries(_layout.Layers).ToList())
        {
            if (StorageLayout.IsLeftover(path))
            {
                Leftovers.Found(StorageLayout.IsUnfinished(path) ? "unfinished layers" : "interrupted removals");
                Removal.RemoveNameless(path, UsageOf(path), Leftovers);
            }
            else if (LayerName.IsValid(Path.GetFileName(path)) && System.IO.Directory.Exists(path))
            {
                if (IsKnown(path))
                {
                    layers.Add(path);
                }
            }
            else
            {
                Leftovers.FoundUnknown(path);
            }
        }

        LoadLayers(layers);
    }

    // What a newer version made keeps its name, and is left to it.
    private bool IsKnown(string path)
    {
        try
        {
            var description = Path.Join(path, LayerMetadata.FileName);
            RecordVersion.Check(description, File.Exists(description) ? File.ReadAllBytes(description) : []);
            return true;
        }
        catch (NewerRecordException newer)
        {
            Journal.Warn(newer.Message);
            _names.Add(Path.GetFileName(path));
            return false;
        }
    }

    private void LoadLayers(List<string> paths)
    {
        var sampled = paths.OrderByDescending(System.IO.Directory.GetLastWriteTimeUtc).Take(SampledLayersMax).ToHashSet();
        var loaded = new (Layer? Layer, string? Damage)[paths.Count];
        Parallel.For(0, paths.Count, i => loaded[i] = Load(paths[i], sampled.Contains(paths[i])));
        for (var i = 0; i < paths.Count; i++)
        {
            Enter(paths[i], loaded[i].Layer, loaded[i].Damage);
        }
    }

    // A directory without readable metadata was not made here in whole; it cannot be trusted to be a layer.
    private (Layer? Layer, string? Damage) Load(string path, bool isSampled)
    {
        try
        {
            var metadata = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Join(path, LayerMetadata.FileName)), LayerJson.Default.LayerMetadata);
            return metadata is null ? (null, "layer.json: null") : (metadata.ToLayer(Path.GetFileName(path)), FindDamage(path, isSampled));
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            return (null, error.Message);
        }
    }

    private string? FindDamage(string path, bool isSampled)
    {
        if (DamageMark.Read(path) is { } known)
        {
            return known;
        }

        var damage = !System.IO.Directory.Exists(_layout.LayerTree(Path.GetFileName(path))) ? "its tree is missing"
            : isSampled ? LayerSample.FindDamage(path, withContent: IsAfterPowerCut)
            : null;
        if (damage is not null)
        {
            Mark(path, damage);
        }

        return damage;
    }

    private void Enter(string path, Layer? layer, string? damage)
    {
        var name = Path.GetFileName(path);
        if (layer is null)
        {
            Journal.Warn($"layer {name} is no layer, and is removed: {damage}");
            Leftovers.Found("directories without a layer");
            Removal.Remove(path, null, Leftovers);
            return;
        }

        _names.Add(name);
        _byName.Add(name, layer);
        if (damage is null)
        {
            _byDiffId.TryAdd(layer.DiffId, layer);
        }
        else
        {
            Tell(layer, damage);
        }
    }

    private static FileSystemUsage? UsageOf(string path)
    {
        try
        {
            var metadata = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Join(path, LayerMetadata.FileName)), LayerJson.Default.LayerMetadata);
            return metadata is null ? null : new FileSystemUsage(metadata.Bytes, metadata.Inodes);
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            return null;
        }
    }
}
