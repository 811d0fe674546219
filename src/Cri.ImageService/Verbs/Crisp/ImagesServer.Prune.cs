using Cri.Api.CrispV1;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Prune.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Removes images that no container uses, or only says which it would be.</summary>
    public override async Task<PruneResponse> Prune(PruneRequest request, ServerCallContext context)
    {
        var result = await _prune.RunAsync(request.All, request.DryRun, context.CancellationToken);
        var response = new PruneResponse { Bytes = (ulong)result.Bytes };
        response.Images.AddRange(result.Images.Select(image =>
            new PrunedImage { ImageId = image.ImageId, Names = { image.Names }, Bytes = (ulong)image.Bytes }));
        return response;
    }
}
