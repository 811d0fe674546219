using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>Images that are damaged, and images that were.</summary>
public sealed partial class ImageStore
{
    /// <summary>
    /// Takes a damaged layer out of use, and hides every image that has it until a pull has brought the layer anew. Containers
    /// that are over it keep it until they end.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="why">What is wrong with it.</param>
    /// <param name="cancellation">Ends the wait for other changes.</param>
    /// <returns>The images that have it.</returns>
    internal async Task<IReadOnlyList<ImageRecord>> RetireAsync(Layer layer, string why, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            List<ImageRecord> affected = [.. _catalog.Images.Where(image => image.Layers.Contains(layer.Name))];
            affected.ForEach(Hide);
            await _layers.RetireAsync(layer, why);
            foreach (var image in affected)
            {
                var lease = _layers.LeaseSound(image.DiffIds);
                _hidden = _hidden.With([image with { Layers = LayerStack.Names(lease) }]);
                await HoldAsync(image.Id, lease);
            }

            return affected;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>The bytes of a document; 0 when it is missing.</summary>
    internal long DocumentSize(Digest document) => _documents.Size(document);

    /// <summary>Reads a document; says what is wrong with it, or null.</summary>
    internal string? FindDocumentDamage(Digest document, CancellationToken cancellation) => _documents.Verify(document, cancellation);

    /// <summary>Hides images of which a document is damaged, until they are pulled again.</summary>
    /// <returns>The images that have it.</returns>
    internal async Task<IReadOnlyList<ImageRecord>> RetireAsync(Digest document, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            List<ImageRecord> affected = [.. _catalog.Images.Where(image => image.Documents.Contains(document))];
            affected.ForEach(Hide);
            _documents.Delete(document);
            return affected;
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"blob {document}", error);
        }
        finally
        {
            _changing.Release();
        }
    }

    private void Hide(ImageRecord image)
    {
        _hidden = _hidden.With([image]);
        _catalog = _catalog.Without(image.Id);
    }

    // A pull may have brought a layer that other images lacked too.
    private async Task ShowRepairedAsync()
    {
        foreach (var image in _hidden.Images)
        {
            if (image.Documents.Any(document => _documents.FindDamage(document) is not null) || ReadConfig(image) is not { } config
                || _layers.TryLease(image.DiffIds) is not { } lease)
            {
                continue;
            }

            await HoldAsync(image.Id, lease);
            _hidden = _hidden.Without(image.Id);
            _catalog = _catalog.With([image with { Config = config, Layers = LayerStack.Names(lease) }]);
            _layers.Journal.Info($"image {image.Id} is whole again");
        }
    }

    private ImageConfig? ReadConfig(ImageRecord image)
    {
        try
        {
            return image.Files is { } files ? CheckArtifact(files) : LoadConfig(Digest.Parse(image.Id));
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or IOException)
        {
            return null;
        }
    }
}
