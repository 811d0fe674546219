using Cri.Api.V1;
using Cri.Linux;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>ImageFsInfo.</summary>
public sealed partial class ImageServer
{
    /// <summary>
    /// The space that images and containers' writable layers take. Both lie under one root, so both name it as their mount
    /// point, and the kubelet counts them as one file system. What has been removed counts until its bytes are free.
    /// </summary>
    public override Task<ImageFsInfoResponse> ImageFsInfo(ImageFsInfoRequest request, ServerCallContext context)
    {
        var response = new ImageFsInfoResponse();
        response.ImageFilesystems.Add(Message(_layers.Usage + _images.DocumentUsage));
        response.ContainerFilesystems.Add(Message(_snapshotter.TotalUsage()));
        return Task.FromResult(response);
    }

    private FilesystemUsage Message(FileSystemUsage usage) => new()
    {
        Timestamp = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
        FsId = new FilesystemIdentifier { Mountpoint = _images.Root },
        UsedBytes = new UInt64Value { Value = (ulong)usage.Bytes },
        InodesUsed = new UInt64Value { Value = (ulong)usage.Inodes },
    };
}
