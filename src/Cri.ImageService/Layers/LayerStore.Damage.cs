using Cri.ImageService.Integrity;

namespace Cri.ImageService.Layers;

/// <summary>What happens to damaged layers.</summary>
public sealed partial class LayerStore
{
    /// <summary>True when the machine went down under the last server.</summary>
    internal bool IsAfterPowerCut { get; private set; }

    /// <summary>
    /// Takes a layer out of use because it is damaged, durably: nobody new gets it, and it goes with its last lease. Does
    /// nothing when that has been done. Who has images of it must take those out of use first.
    /// </summary>
    internal async Task RetireAsync(Layer layer, string why)
    {
        lock (_lock)
        {
            if (!IsSound(layer))
            {
                return;
            }

            _byDiffId.Remove(layer.DiffId);
        }

        Mark(_layout.Layer(layer.Name), why);
        Tell(layer, why);
        Task removal;
        lock (_lock)
        {
            removal = RemoveAsync(ForgetUnused([layer]));
        }

        await removal;
    }

    // Without the mark the damage is found again, or the disk is beyond help.
    private void Mark(string path, string why)
    {
        try
        {
            DamageMark.Set(path, why);
        }
        catch (IOException error)
        {
            Journal.Warn($"layer {Path.GetFileName(path)}: {error.Message}");
        }
    }

    private void Tell(Layer layer, string why)
    {
        StorageMetrics.DamagedLayers.Add(1);
        Journal.Warn($"layer {layer.Name} ({layer.DiffId}) is damaged and will be pulled again: {why}");
    }
}
