using Cri.Api.V1;
using Cri.ImageService.Auth;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>PullImage.</summary>
public sealed partial class ImageServer
{
    /// <summary>Pulls an image and answers with its id.</summary>
    public override async Task<PullImageResponse> PullImage(PullImageRequest request, ServerCallContext context)
    {
        var record = await _puller.PullAsync(request.Image?.Image ?? "", RegistryCredentials.From(request.Auth), context.CancellationToken);
        return new PullImageResponse { ImageRef = record.Id };
    }
}
