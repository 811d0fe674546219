using Cri.Api.V1;
using Grpc.Core;

namespace Cri.Cli.Tests;

/// <summary>Images in memory.</summary>
internal sealed class FakeImages : ImageService.ImageServiceBase
{
    private static readonly string _digest = "sha256:" + new string('b', 64);

    public Dictionary<string, Image> Images { get; } = [];

    public List<PullImageRequest> Pulls { get; } = [];

    public override Task<ListImagesResponse> ListImages(ListImagesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListImagesResponse { Images = { Images.Values } });

    public override Task<ImageStatusResponse> ImageStatus(ImageStatusRequest request, ServerCallContext context) =>
        Task.FromResult(new ImageStatusResponse { Image = Images.GetValueOrDefault(request.Image.Image) });

    public override Task<PullImageResponse> PullImage(PullImageRequest request, ServerCallContext context)
    {
        Pulls.Add(request);
        if (request.Image.Image.Contains("missing", StringComparison.Ordinal))
        {
            throw new RpcException(new Status(StatusCode.NotFound, "manifest unknown"));
        }

        Images[request.Image.Image] = new Image { Id = _digest, RepoTags = { request.Image.Image }, Size = 1234567 };
        return Task.FromResult(new PullImageResponse { ImageRef = _digest });
    }

    public override Task<RemoveImageResponse> RemoveImage(RemoveImageRequest request, ServerCallContext context)
    {
        Images.Remove(request.Image.Image);
        return Task.FromResult(new RemoveImageResponse());
    }

    public override Task<ImageFsInfoResponse> ImageFsInfo(ImageFsInfoRequest request, ServerCallContext context) =>
        Task.FromResult(new ImageFsInfoResponse
        {
            ImageFilesystems =
            {
                new FilesystemUsage
                {
                    FsId = new FilesystemIdentifier { Mountpoint = "/var/lib/crisp" },
                    UsedBytes = new UInt64Value { Value = 5_000_000 },
                    InodesUsed = new UInt64Value { Value = 42 },
                },
            },
        });
}
