using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Export;

/// <summary>Writes the parts of an export, each once, and tells how far it is.</summary>
internal sealed class ExportWriter(
    IExportTarget target, StorageLayout layout, ImageStore images, LayerStore layers, ExportOptions options, CancellationToken cancellation)
{
    private readonly HashSet<string> _written = [];
    private long _bytes;

    /// <summary>The images.</summary>
    internal ImageStore Images => images;

    /// <summary>True when a file is written.</summary>
    internal bool Has(string name) => _written.Contains(name);

    /// <summary>Writes a small file; nothing to do when it is there.</summary>
    internal Task AddAsync(string name, byte[] content) =>
        _written.Add(name) ? target.AddAsync(name, new MemoryStream(content), content.Length, cancellation) : Task.CompletedTask;

    /// <summary>Writes a compressed layer that is kept, as it came, and closes it; only that when it is written already.</summary>
    internal async Task AddKeptAsync(string name, Descriptor blob, FileStream file)
    {
        await using var content = new VerifiedStream($"blob {blob.Digest}", file, blob.Digest, count => Tell(blob.Digest, count));
        if (_written.Add(name))
        {
            await target.AddAsync(name, content, blob.Size, cancellation);
        }
    }

    /// <summary>Puts a layer together again and writes it under a name made of what it is then; nothing to do when that is there.</summary>
    internal async Task<Descriptor> AddAssembledAsync(Digest diffId, Func<Descriptor, string> nameOf)
    {
        var layer = layers.Find(diffId) ?? throw new InvalidDataException($"layer {diffId} is not on disk");
        using var content = LayerContent.Assemble(layout, layout.Layer(layer.Name), diffId, options.Compress, cancellation);
        var name = nameOf(content.Descriptor);
        if (_written.Add(name))
        {
            await using var stream = new VerifiedStream($"layer {diffId}", content.Open(), content.Descriptor.Digest, count => Tell(diffId, count));
            await target.AddAsync(name, stream, content.Descriptor.Size, cancellation);
        }

        return content.Descriptor;
    }

    private void Tell(Digest digest, int count)
    {
        _bytes += count;
        options.Progress?.Invoke(digest.ToString(), _bytes, 0);
    }
}
