using Cri.ImageService.Layers;

namespace Cri.Server.Configuration;

/// <summary>Reads <c>images.limits</c>: sizes in MiB, entries and the ratio as they are.</summary>
internal static class LayerLimitsBinder
{
    private const int MiB = 20;

    /// <summary>The limits of the section <c>images.limits</c>; what it does not name keeps its default.</summary>
    internal static LayerLimits Bind(ConfigurationSection section)
    {
        var absent = new LayerLimits();
        var limits = new LayerLimits
        {
            LayerBytes = section.Number("layerMiB", 1, int.MaxValue) is { } layer ? (long)layer << MiB : absent.LayerBytes,
            ImageBytes = section.Number("imageMiB", 1, int.MaxValue) is { } image ? (long)image << MiB : absent.ImageBytes,
            LayerEntries = section.Number("layerEntries", 1, int.MaxValue) ?? absent.LayerEntries,
            ImageEntries = section.Number("imageEntries", 1, int.MaxValue) ?? absent.ImageEntries,
            Ratio = section.Number("ratio", 1, int.MaxValue) ?? absent.Ratio,
        };
        section.Finish();
        return limits;
    }
}
