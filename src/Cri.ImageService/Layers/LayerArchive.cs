using System.Text;
using Cri.ImageService.Layers.Recipes;

namespace Cri.ImageService.Layers;

/// <summary>The uncompressed archive of a layer that is on disk, byte for byte as it came: its SHA-256 is the layer's diff ID.</summary>
internal static class LayerArchive
{
    /// <summary>
    /// Opens the archive of the layer in <paramref name="layerDirectory"/> for reading, once and forward. Reading throws
    /// <see cref="LayerFormatException"/>, which names the path, as soon as a file is missing or has changed.
    /// </summary>
    /// <exception cref="LayerFormatException">The layer has no recipe, because an older version unpacked it, or a damaged one.</exception>
    internal static Stream Open(string layerDirectory) =>
        ArchiveStream.Open(layerDirectory, RecipeHistory.Read(layerDirectory), Throw);

    private static void Throw(byte[] path, string why) =>
        throw new LayerFormatException($"the layer is damaged: \"{Encoding.UTF8.GetString(path)}\": {why}");
}
