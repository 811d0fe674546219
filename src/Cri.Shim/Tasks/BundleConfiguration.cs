using System.Text.Json;
using Cri.Linux;
using Cri.Ttrpc;

namespace Cri.Shim.Tasks;

/// <summary>The few facts of a bundle's config.json that the shim acts on.</summary>
/// <param name="OwnsPidNamespace">The container gets a pid namespace of its own.</param>
/// <param name="Annotations">The annotations.</param>
/// <param name="CgroupsPath">Where its cgroup is to be; empty where the runtime chooses.</param>
internal sealed record BundleConfiguration(bool OwnsPidNamespace, IReadOnlyDictionary<string, string> Annotations, string CgroupsPath)
{
    /// <summary>Reads the file. Throws INVALID_ARGUMENT when it is missing or no JSON.</summary>
    public static BundleConfiguration Read(string bundle)
    {
        var file = Path.Combine(bundle, "config.json");
        try
        {
            using var document = JsonDocument.Parse(SmallFile.Read(file));
            var root = document.RootElement;
            return new BundleConfiguration(OwnsPid(root), ReadAnnotations(root), ReadCgroupsPath(root));
        }
        catch (Exception e) when (e is IOException or JsonException or InvalidOperationException)
        {
            throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"bundle configuration {file}: {e.Message}", e);
        }
    }

    private static bool OwnsPid(JsonElement root) =>
        root.TryGetProperty("linux", out var linux)
        && linux.TryGetProperty("namespaces", out var namespaces)
        && namespaces.ValueKind == JsonValueKind.Array
        && namespaces.EnumerateArray().Any(ns =>
            ns.TryGetProperty("type", out var type)
            && type.GetString() == "pid"
            && (!ns.TryGetProperty("path", out var path) || path.GetString() is null or ""));

    private static string ReadCgroupsPath(JsonElement root) =>
        root.TryGetProperty("linux", out var linux) && linux.TryGetProperty("cgroupsPath", out var path) ? path.GetString() ?? "" : "";

    private static Dictionary<string, string> ReadAnnotations(JsonElement root) =>
        root.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
            ? annotations.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetString() ?? string.Empty)
            : [];
}
