using Cri.Api.CrispV1;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>DiskUsage.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Tells what images and containers take, and what the file system below them has left.</summary>
    public override Task<DiskUsageResponse> DiskUsage(DiskUsageRequest request, ServerCallContext context)
    {
        var report = _diskUsage.Read();
        var response = new DiskUsageResponse
        {
            FileSystem = new FileSystemSpace
            {
                Path = report.Path,
                Bytes = (ulong)report.Total.Bytes,
                BytesFree = (ulong)(report.Total.Bytes - report.Used.Bytes),
                Inodes = (ulong)report.Total.Inodes,
                InodesFree = (ulong)(report.Total.Inodes - report.Used.Inodes),
            },
        };
        response.Images.AddRange(report.Images.Select(From));
        response.Kinds.AddRange(report.Kinds.Select(From));
        return Task.FromResult(response);
    }

    private static UsageOfImage From(Garbage.ImageUsage usage) => new()
    {
        ImageId = usage.Image.Id,
        Names = { usage.Image.RepoTags.Count > 0 ? usage.Image.RepoTags : usage.Image.RepoDigests },
        Bytes = (ulong)usage.Bytes,
        UniqueBytes = (ulong)usage.UniqueBytes,
        Containers = (uint)usage.Containers,
        Pinned = usage.Image.Pinned,
        Damaged = usage.IsDamaged,
    };

    private static UsageOfKind From(Garbage.KindUsage usage) => new()
    {
        Kind = usage.Kind,
        Count = (uint)usage.Count,
        Active = (uint)usage.Active,
        Bytes = (ulong)usage.Usage.Bytes,
        Inodes = (ulong)usage.Usage.Inodes,
        Reclaimable = (ulong)usage.Reclaimable,
    };
}
