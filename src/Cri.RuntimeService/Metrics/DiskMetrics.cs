using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Metrics;

/// <summary>Block input and output by device (blkio of cgroup v1, io.stat of v2).</summary>
internal static class DiskMetrics
{
    private static readonly MetricFamily _readBytes = MetricFamily.Counter(
        "container_fs_reads_bytes_total", "Bytes read.", "device");

    private static readonly MetricFamily _reads = MetricFamily.Counter(
        "container_fs_reads_total", "Reads done.", "device");

    private static readonly MetricFamily _writtenBytes = MetricFamily.Counter(
        "container_fs_writes_bytes_total", "Bytes written.", "device");

    private static readonly MetricFamily _writes = MetricFamily.Counter(
        "container_fs_writes_total", "Writes done.", "device");

    private static readonly MetricFamily _deviceUsage = MetricFamily.Counter(
        "container_blkio_device_usage_total", "Bytes by device and operation.", "device", "major", "minor", "operation");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _readBytes,
        _reads,
        _writtenBytes,
        _writes,
        _deviceUsage,
    ];

    internal static void Add(MetricSamples samples, CgroupFiles files)
    {
        foreach (var (device, read, written) in files.IsV2 ? DeviceIo.Unified(files.Io, bytes: true) : DeviceIo.Legacy(files.Io, bytes: true))
        {
            var name = BlockDevices.NameOf(device);
            var numbers = device.Split(':');
            samples.Add(_readBytes, read, name);
            samples.Add(_writtenBytes, written, name);
            samples.Add(_deviceUsage, read, name, numbers[0], numbers[1], "Read");
            samples.Add(_deviceUsage, written, name, numbers[0], numbers[1], "Write");
        }

        foreach (var (device, read, written) in files.IsV2 ? DeviceIo.Unified(files.Io, bytes: false) : DeviceIo.Legacy(files.Io, bytes: false))
        {
            var name = BlockDevices.NameOf(device);
            samples.Add(_reads, read, name);
            samples.Add(_writes, written, name);
        }
    }
}
