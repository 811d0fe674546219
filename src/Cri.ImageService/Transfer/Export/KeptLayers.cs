using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Export;

/// <summary>The compressed layers of a manifest that are kept, open: so they stay, whatever happens to their image meanwhile.</summary>
internal sealed class KeptLayers : IDisposable
{
    private readonly Dictionary<Digest, FileStream> _files = [];
    private readonly Manifest _manifest;

    private KeptLayers(Manifest manifest) => _manifest = manifest;

    /// <summary>True when all layers are kept.</summary>
    internal bool AreAll => _manifest.Layers.All(layer => _files.ContainsKey(layer.Digest));

    /// <summary>Opens what there is.</summary>
    /// <exception cref="IOException">One is there and cannot be opened.</exception>
    internal static KeptLayers Open(ImageStore images, Manifest manifest)
    {
        var kept = new KeptLayers(manifest);
        try
        {
            foreach (var digest in manifest.Layers.Select(layer => layer.Digest).Distinct())
            {
                kept.Add(digest, images.OpenBlob(digest));
            }

            return kept;
        }
        catch
        {
            kept.Dispose();
            throw;
        }
    }

    /// <summary>One of them, at its beginning; null when it is not kept. The caller's from then on.</summary>
    internal FileStream? Take(Digest digest) => _files.Remove(digest, out var file) ? file : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    private void Add(Digest digest, FileStream? file)
    {
        if (file is not null)
        {
            _files.Add(digest, file);
        }
    }
}
