using System.Text;
using Cri.Linux;

namespace Cri.RuntimeService.Metrics;

/// <summary>What a cgroup read from and wrote to a block device, in bytes or operations.</summary>
/// <param name="Device">The device's numbers, <c>major:minor</c>.</param>
/// <param name="Read">What was read.</param>
/// <param name="Written">What was written.</param>
public sealed record DeviceIo(string Device, ulong Read, ulong Written)
{
    /// <summary>From version 2: <c>8:0 rbytes=90 wbytes=12 rios=3 wios=1 dbytes=0 dios=0</c>.</summary>
    /// <param name="directory">The cgroup.</param>
    /// <param name="bytes">True for bytes, false for operations.</param>
    public static IReadOnlyList<DeviceIo> Unified(string directory, bool bytes)
    {
        using var stat = KernelText.Read(directory, "io.stat");
        var (read, written) = bytes ? ("rbytes=", "wbytes=") : ("rios=", "wios=");
        return [.. Lines(stat)
            .Where(fields => fields.Length > 1)
            .Select(fields => new DeviceIo(fields[0], Value(fields, read), Value(fields, written)))];
    }

    /// <summary>From version 1: <c>8:0 Read 90</c>, <c>8:0 Write 12</c>, more operations, and a line <c>Total</c>.</summary>
    /// <param name="directory">The cgroup.</param>
    /// <param name="bytes">True for bytes, false for operations.</param>
    public static IReadOnlyList<DeviceIo> Legacy(string directory, bool bytes)
    {
        using var stat = KernelText.Read(directory, bytes ? "blkio.throttle.io_service_bytes_recursive" : "blkio.throttle.io_serviced_recursive");
        return [.. Lines(stat)
            .Where(fields => fields.Length == 3)
            .GroupBy(fields => fields[0])
            .Select(device => new DeviceIo(device.Key, Value(device, "Read"), Value(device, "Write")))];
    }

    private static List<string[]> Lines(KernelText text) =>
        [.. Encoding.UTF8.GetString(text.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];

    private static ulong Value(string[] fields, string name) =>
        fields.FirstOrDefault(field => field.StartsWith(name, StringComparison.Ordinal)) is { } found
        && ulong.TryParse(found.AsSpan(name.Length), out var value) ? value : 0;

    private static ulong Value(IEnumerable<string[]> lines, string operation) =>
        lines.FirstOrDefault(fields => fields[1] == operation) is { } found && ulong.TryParse(found[2], out var value) ? value : 0;
}
