using System.Text;
using System.Text.Json;

namespace Cri.RuntimeService.Runtimes;

/// <summary>Reads what a runtime says of itself.</summary>
internal static class RuntimeFacts
{
    private const int LongestVersion = 80;

    /// <summary>The first line of <c>--version</c>: "runc version 1.1.5" is "runc 1.1.5".</summary>
    internal static string Version(ReadOnlySpan<byte> output)
    {
        var end = output.IndexOf((byte)'\n');
        var line = Encoding.UTF8.GetString(end < 0 ? output : output[..end]).Trim().Replace(" version ", " ", StringComparison.Ordinal);
        return line[..Math.Min(line.Length, LongestVersion)];
    }

    /// <summary>The features document; null when it is none.</summary>
    internal static RuntimeFeatures? Features(ReadOnlyMemory<byte> output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var root = document.RootElement;
            return new RuntimeFeatures
            {
                RecursiveReadOnlyMounts = Contains(root, "rro", "mountOptions"),
                IdMappedMounts = IsTrue(root, "linux", "mountExtensions", "idmap", "enabled"),
                UserNamespaces = Contains(root, "user", "linux", "namespaces"),
                Seccomp = IsTrue(root, "linux", "seccomp", "enabled"),
                AppArmor = IsTrue(root, "linux", "apparmor", "enabled"),
                Selinux = IsTrue(root, "linux", "selinux", "enabled"),
                CgroupV2 = IsTrue(root, "linux", "cgroup", "v2"),
                SystemdCgroup = IsTrue(root, "linux", "cgroup", "systemd"),
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsTrue(JsonElement root, params ReadOnlySpan<string> path) => At(root, path) is { ValueKind: JsonValueKind.True };

    private static bool Contains(JsonElement root, string word, params ReadOnlySpan<string> path) =>
        At(root, path) is { ValueKind: JsonValueKind.Array } list
        && list.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.String && item.ValueEquals(word));

    private static JsonElement? At(JsonElement element, ReadOnlySpan<string> path)
    {
        foreach (var key in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(key, out element))
            {
                return null;
            }
        }

        return element;
    }
}
