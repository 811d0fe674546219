using System.Collections.Concurrent;

namespace Cri.RuntimeService.Metrics;

/// <summary>The names of block devices.</summary>
internal static class BlockDevices
{
    private static readonly ConcurrentDictionary<string, string> _names = new();

    /// <summary>The name of a device given as <c>major:minor</c>, such as <c>/dev/sda</c>; its numbers when it has none.</summary>
    internal static string NameOf(string numbers) => _names.GetOrAdd(numbers, static key =>
        File.ResolveLinkTarget($"/sys/dev/block/{key}", returnFinalTarget: false) is { } device ? $"/dev/{device.Name}" : key);
}
