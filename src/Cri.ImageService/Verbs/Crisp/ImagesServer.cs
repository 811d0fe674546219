using Cri.ImageService.Garbage;
using Cri.ImageService.Integrity;
using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;
using Cri.ImageService.Transfer.Export;
using Cri.ImageService.Transfer.Import;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>
/// Crisp's own image service, for what operators do beyond the CRI: one file for each verb. Failures leave as
/// <see cref="ImageException"/>, which carries its status.
/// </summary>
public sealed partial class ImagesServer : Api.CrispV1.Images.ImagesBase
{
    private static readonly TimeSpan _progressInterval = TimeSpan.FromMilliseconds(150);

    private readonly ImageStore _images;
    private readonly LayerStore _layers;
    private readonly ImagePuller _puller;
    private readonly ImageImporter _importer;
    private readonly ImageExporter _exporter;
    private readonly ImageVerification _verification;
    private readonly ImagePrune _prune;
    private readonly DiskUsage _diskUsage;

    /// <summary>A server over opened stores.</summary>
    public ImagesServer(ImageStore images, LayerStore layers, Snapshotter snapshots, ImagePuller puller)
    {
        _images = images;
        _layers = layers;
        _puller = puller;
        _importer = new ImageImporter(images, puller);
        _exporter = new ImageExporter(images, layers);
        _verification = new ImageVerification(images, layers);
        _prune = new ImagePrune(images, layers, snapshots);
        _diskUsage = new DiskUsage(images, layers, snapshots);
    }

    private static ImageReference ParseName(string what, string name)
    {
        try
        {
            return ImageReference.Parse(name);
        }
        catch (FormatException error)
        {
            throw new ImageException(StatusCode.InvalidArgument, $"{what}: {error.Message}", error);
        }
    }

    private ImageRecord Find(string what, string image) =>
        (image.Length > 0 ? _images.Find(image) : throw new ImageException(StatusCode.InvalidArgument, $"{what}: no image is named"))
        ?? throw new ImageException(StatusCode.NotFound, $"{what} {image}: no such image");

    // Tells how far something is, a few times a second, until it ends; then ends as it did.
    private static async Task<T> WatchAsync<T>(Task<T> operation, Func<Task> tell)
    {
        try
        {
            while (await Task.WhenAny(operation, Task.Delay(_progressInterval)) != operation)
            {
                await tell();
            }
        }
        catch
        {
            // The caller is gone, and its token ends the operation.
            await ((Task)operation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await operation;
    }
}
