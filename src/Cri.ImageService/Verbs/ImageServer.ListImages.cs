using Cri.Api.V1;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>ListImages.</summary>
public sealed partial class ImageServer
{
    /// <summary>
    /// Lists images. A filter is an id or a name as ImageStatus takes it; a name without a tag also matches
    /// every other image of that repository.
    /// </summary>
    public override Task<ListImagesResponse> ListImages(ListImagesRequest request, ServerCallContext context)
    {
        var response = new ListImagesResponse();
        response.Images.AddRange(Listed(request.Filter));
        return Task.FromResult(response);
    }

    private IEnumerable<Api.V1.Image> Listed(ImageFilter? filter) => Matching(filter?.Image?.Image ?? "").Select(ImageMessage.From);

    private IEnumerable<ImageRecord> Matching(string filter)
    {
        if (filter.Length == 0)
        {
            return _images.Images;
        }

        var named = _images.Find(filter);
        var repository = RepositoryOf(filter);
        return _images.Images.Where(image => image.Id == named?.Id || (repository is not null && IsIn(image, repository)));
    }

    private static string? RepositoryOf(string filter)
    {
        var hasTag = filter.IndexOf(':', filter.LastIndexOf('/') + 1) >= 0;
        return hasTag ? null : ImageReference.TryParse(filter)?.Name;
    }

    private static bool IsIn(ImageRecord image, string repository) =>
        image.RepoTags.Any(tag => tag.StartsWith($"{repository}:", StringComparison.Ordinal))
        || image.RepoDigests.Any(digest => digest.StartsWith($"{repository}@", StringComparison.Ordinal));
}
