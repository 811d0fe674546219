using Cri.ImageService.Auth;
using Cri.ImageService.Layers;

namespace Cri.ImageService.Pull;

/// <summary>Pulls images.</summary>
public sealed class ImagePuller
{
    /// <summary>A puller that stores what it fetches in <paramref name="images"/> and <paramref name="layers"/>.</summary>
    public ImagePuller(ImageServiceOptions options, ImageStore images, LayerStore layers)
    {
    }

    /// <summary>The pulls that run now.</summary>
    public IReadOnlyList<PullProgress> Running { get; } = [];

    /// <summary>Pulls an image.</summary>
    public Task<ImageRecord> PullAsync(string reference, RegistryCredentials? credentials, CancellationToken cancellation) =>
        throw new NotImplementedException();
}
