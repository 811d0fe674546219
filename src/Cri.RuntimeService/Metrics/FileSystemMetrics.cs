using Cri.Linux;

namespace Cri.RuntimeService.Metrics;

/// <summary>What a container has written to its root, and the room on the file system below it.</summary>
internal static class FileSystemMetrics
{
    private static readonly MetricFamily _usage = MetricFamily.Gauge(
        "container_fs_usage_bytes", "Bytes that the container has written.", "device");

    private static readonly MetricFamily _limit = MetricFamily.Gauge(
        "container_fs_limit_bytes", "The size of the file system.", "device");

    private static readonly MetricFamily _inodes = MetricFamily.Gauge(
        "container_fs_inodes_total", "The inodes of the file system.", "device");

    private static readonly MetricFamily _inodesFree = MetricFamily.Gauge(
        "container_fs_inodes_free", "The free inodes of the file system.", "device");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _usage,
        _limit,
        _inodes,
        _inodesFree,
    ];

    private const string Root = "/";

    internal static void Add(MetricSamples samples, V1.FilesystemUsage? written)
    {
        if (written is null)
        {
            return;
        }

        var (used, total) = FileSystemUsage.OfFileSystem(written.FsId.Mountpoint);
        samples.Add(_usage, written.UsedBytes.Value, Root);
        samples.Add(_limit, (ulong)total.Bytes, Root);
        samples.Add(_inodes, (ulong)total.Inodes, Root);
        samples.Add(_inodesFree, (ulong)(total.Inodes - used.Inodes), Root);
    }
}
