using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Giving names to images and taking them away.</summary>
public sealed partial class ImageStore
{
    /// <summary>Gives an image one more name. A tag leaves the image that had it.</summary>
    /// <param name="image">An id, a name, or an unambiguous beginning of an id.</param>
    /// <param name="name">The new name; without a tag it gets <c>latest</c>.</param>
    /// <param name="cancellation">Ends the wait for other changes.</param>
    /// <exception cref="ImageException">NOT_FOUND: there is no such image. INVALID_ARGUMENT: that is no name, or one with a digest.</exception>
    public async Task<ImageRecord> TagAsync(string image, ImageReference name, CancellationToken cancellation)
    {
        if (name.Digest is not null)
        {
            throw new ImageException(StatusCode.InvalidArgument, $"tag {image}: {name} has a digest, which cannot be chosen");
        }

        return await ChangeAsync($"tag {image}", () =>
        {
            var record = _catalog.Find(image) ?? throw new ImageException(StatusCode.NotFound, $"tag {image}: no such image");
            return record.RepoTags.Contains(name.ToString()) ? record : Publish(record with { RepoTags = [.. record.RepoTags, name.ToString()] });
        }, cancellation);
    }

    /// <summary>Takes a name, with a tag or a digest, from the image that has it. The image stays.</summary>
    /// <exception cref="ImageException">NOT_FOUND: no image has that name.</exception>
    public Task<ImageRecord> UntagAsync(ImageReference name, CancellationToken cancellation) =>
        ChangeAsync($"untag {name}", () =>
        {
            var text = name.Canonical().ToString();
            var record = _catalog.ByName(name) ?? throw new ImageException(StatusCode.NotFound, $"untag {name}: no image has this name");
            return Publish(record with
            {
                RepoTags = [.. record.RepoTags.Where(tag => tag != text)],
                RepoDigests = [.. record.RepoDigests.Where(digest => digest != text)],
            });
        }, cancellation);

    private async Task<ImageRecord> ChangeAsync(string what, Func<ImageRecord> change, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            return change();
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk(what, error);
        }
        finally
        {
            _changing.Release();
        }
    }
}
