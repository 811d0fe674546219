using Cri.Api.V1;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>RemoveImage.</summary>
public sealed partial class ImageServer
{
    /// <summary>
    /// Removes an image, found by id or by one of its names, with all its names. Not being here is success. A pinned image is
    /// removed too, as the CRI wants it: the mark is a recommendation to the kubelet, and who asks nevertheless means it.
    /// </summary>
    public override async Task<RemoveImageResponse> RemoveImage(RemoveImageRequest request, ServerCallContext context)
    {
        var image = request.Image?.Image ?? "";
        if (image.Length == 0)
        {
            throw new ImageException(StatusCode.InvalidArgument, "remove image: no image is named");
        }

        if ((_images.Find(image) ?? _images.FindDamaged(image)) is { } record)
        {
            await _images.RemoveAsync(record.Id, context.CancellationToken);
        }

        return new RemoveImageResponse();
    }
}
