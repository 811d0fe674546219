using System.Text.Json;
using Cri.ImageService.Integrity;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>From an unpacked directory to a layer.</summary>
public sealed partial class LayerStore
{
    /// <summary>A new directory to extract a layer into; dispose of it to remove it unless it was committed.</summary>
    internal UnfinishedLayer Begin() => UnfinishedLayer.Create(_layout, Removal, _sync.Failures);

    /// <summary>
    /// Makes an extracted layer durable and gives it its name. When the same layer is there already, that one stays.
    /// 1 describes it beside its tree; 2 forces everything to disk; 3 reserves a name; 4 renames, and forces that to disk;
    /// 5 makes it known.
    /// </summary>
    /// <exception cref="IOException">The disk is full or failed; the layer is not there.</exception>
    internal async Task<Layer> CommitAsync(UnfinishedLayer unfinished, Digest diffId, ExtractedTree tree)
    {
        // 1
        LayerSample.Take(unfinished.Path);
        var metadata = new LayerMetadata
        {
            DiffId = diffId,
            Bytes = tree.Usage.Bytes,
            Inodes = tree.Usage.Inodes,
            ImpliedDirectories = tree.ImpliedDirectories,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(metadata, LayerJson.Default.LayerMetadata);
        AtomicFile.WriteVolatile(Path.Join(unfinished.Path, LayerMetadata.FileName), content);

        FaultPoint.Reach(FaultPoints.PullLayerDescribed);

        // 2
        await _sync.FlushAsync(unfinished.SyncFailures);

        FaultPoint.Reach(FaultPoints.PullLayerSynced);

        // 3
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

        // 4
        Publish(unfinished, name);

        FaultPoint.Reach(FaultPoints.PullLayerNamed);

        // 5
        return await AddAsync(metadata.ToLayer(name));
    }

    private void Publish(UnfinishedLayer unfinished, string name)
    {
        try
        {
            System.IO.Directory.Move(unfinished.Path, _layout.Layer(name));
            SyncFs.Directory(_layout.Layers);
        }
        catch
        {
            Removal.Remove(_layout.Layer(name));
            lock (_lock)
            {
                _names.Remove(name);
            }

            throw;
        }
    }

    // Two who commit the same layer at once get the one that came first.
    private async Task<Layer> AddAsync(Layer layer)
    {
        Task superfluous;
        Layer kept;
        lock (_lock)
        {
            _byName.Add(layer.Name, layer);
            _byDiffId.TryAdd(layer.DiffId, layer);
            kept = _byDiffId[layer.DiffId];
            superfluous = ReferenceEquals(kept, layer) ? Task.CompletedTask : RemoveAsync(ForgetUnused([layer]));
        }

        await superfluous;
        return kept;
    }
}
