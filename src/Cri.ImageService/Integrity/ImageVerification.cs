using System.Runtime.CompilerServices;
using Cri.ImageService.Layers;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Integrity;

/// <summary>
/// Reads images from disk, every byte of them, and compares documents with their digests and layers with their diff ids. What
/// is damaged is taken out of use, so that the next pull brings exactly that anew; containers keep what they have.
/// </summary>
public sealed class ImageVerification(ImageStore images, LayerStore layers)
{
    /// <summary>
    /// Verifies images one after the other, what they share once: 1 finds them; 2 reads their documents; 3 reads their layers;
    /// 4 sums up.
    /// </summary>
    /// <param name="names">Ids or names; none for all images.</param>
    /// <param name="cancellation">Ends it; what was found until then stays marked.</param>
    /// <exception cref="ImageException">NOT_FOUND: there is no such image.</exception>
    public async IAsyncEnumerable<VerificationEvent> RunAsync(
        IReadOnlyList<string> names, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // 1
        List<ImageRecord> subjects = names.Count == 0 ? [.. images.Known] : [.. names.Select(Find).DistinctBy(image => image.Id)];
        List<Digest> documents = [.. subjects.SelectMany(image => image.Documents).Distinct()];
        List<Digest> blobs = [.. subjects.SelectMany(image => image.Blobs).Distinct().Except(documents)];
        List<Digest> diffIds = [.. subjects.SelectMany(image => image.DiffIds).Distinct()];
        var total = documents.Concat(blobs).Sum(images.DocumentSize) + diffIds.Sum(diffId => layers.Find(diffId)?.Usage.Bytes ?? 0);
        var (done, damaged) = (0L, 0);

        // 2
        foreach (var document in documents.Concat(blobs))
        {
            yield return new VerificationProgress(document.ToString(), done, total);
            var size = images.DocumentSize(document);
            if (await VerifyDocumentAsync(document, blobs.Contains(document), cancellation) is { } damage)
            {
                damaged++;
                yield return damage;
            }

            done += size;
        }

        // 3
        foreach (var diffId in diffIds)
        {
            yield return new VerificationProgress(diffId.ToString(), done, total);
            var size = layers.Find(diffId)?.Usage.Bytes ?? 0;
            if (await VerifyLayerAsync(diffId, cancellation) is { } damage)
            {
                damaged++;
                yield return damage;
            }

            done += size;
        }

        // 4
        yield return new VerificationSummary(subjects.Count, diffIds.Count, done, damaged);
    }

    private ImageRecord Find(string name) =>
        images.Find(name) ?? images.FindDamaged(name) ?? throw new ImageException(StatusCode.NotFound, $"verify {name}: no such image");

    private async Task<ContentDamage?> VerifyDocumentAsync(Digest document, bool isBlob, CancellationToken cancellation)
    {
        if (await Task.Run(() => images.FindDocumentDamage(document, cancellation), cancellation) is not { } why)
        {
            return null;
        }

        if (isBlob)
        {
            // An image is whole without its compressed layers.
            var affected = ImagesWith(image => image.Blobs.Contains(document));
            await images.DropBlobAsync(document, cancellation);
            return new ContentDamage(affected, document.ToString(), $"compressed layer: {why}; it is not kept any longer", [], false);
        }

        await images.RetireAsync(document, cancellation);
        return new ContentDamage(ImagesWith(image => image.Documents.Contains(document)), document.ToString(), why, [], true);
    }

    private async Task<ContentDamage?> VerifyLayerAsync(Digest diffId, CancellationToken cancellation)
    {
        await using var lease = layers.TryLease([diffId]);
        if (lease is null)
        {
            return Damage(diffId, "the layer is missing, or was found damaged before", [], true);
        }

        var layer = lease.Layers[0];
        try
        {
            var damages = await Task.Run(() => LayerVerification.Verify(layers.LayerPath(layer.Name), diffId, cancellation), cancellation);
            return damages.Count == 0 ? null : await RetireAsync(layer, Describe(damages), [.. damages.Select(damage => damage.Path)], cancellation);
        }
        catch (LayerFormatException error)
        {
            return Damage(diffId, error.Message, [], false);
        }
        catch (IOException error)
        {
            return await RetireAsync(layer, error.Message, [], cancellation);
        }
    }

    private static string Describe(IReadOnlyList<LayerDamage> damages)
    {
        var (first, more) = (damages[0], damages.Count - 1);
        return (first.Path.Length > 0 ? $"\"{first.Path}\": {first.Reason}" : first.Reason) + (more > 0 ? $", and {more} more" : "");
    }

    private async Task<ContentDamage> RetireAsync(Layer layer, string why, IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        await images.RetireAsync(layer, why, cancellation);
        return Damage(layer.DiffId, why, paths, true);
    }

    private ContentDamage Damage(Digest diffId, string why, IReadOnlyList<string> paths, bool isMarked) =>
        new(ImagesWith(image => image.DiffIds.Contains(diffId)), diffId.ToString(), why, paths, isMarked);

    private List<string> ImagesWith(Func<ImageRecord, bool> needs) =>
        [.. images.Known.Where(needs).Select(image => image.Id)];
}
