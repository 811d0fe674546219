using Cri.Api.CrispV1;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Tag and Untag.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Gives an image one more name. An image that had the name loses it.</summary>
    public override async Task<TagResponse> Tag(TagRequest request, ServerCallContext context)
    {
        var name = ParseName("tag", request.Name);
        _puller.CheckLocalName("tag", name);
        var record = await _images.TagAsync(Find("tag", request.Image).Id, name, context.CancellationToken);
        return new TagResponse { ImageId = record.Id, Name = name.ToString() };
    }

    /// <summary>Takes names from the images that have them. All of the names are checked before one is taken.</summary>
    public override async Task<UntagResponse> Untag(UntagRequest request, ServerCallContext context)
    {
        var names = request.Names.Select(name => ParseName("untag", name)).ToList();
        foreach (var (name, written) in names.Zip(request.Names))
        {
            CheckIsName(name, written);
        }

        var response = new UntagResponse();
        foreach (var name in names)
        {
            response.ImageIds.Add((await _images.UntagAsync(name, context.CancellationToken)).Id);
        }

        return response;
    }

    private void CheckIsName(ImageReference name, string written)
    {
        var record = _images.Find(written);
        if (record is null || !record.RepoTags.Concat(record.RepoDigests).Contains(name.Canonical().ToString()))
        {
            throw new ImageException(StatusCode.NotFound, $"untag {written}: no image has this name");
        }
    }
}
