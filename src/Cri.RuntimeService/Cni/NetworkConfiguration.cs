using System.Text.Json;

namespace Cri.RuntimeService.Cni;

/// <summary>A network: a chain of plugins. Made of a configuration list, or of a single plugin's configuration as a chain of one.</summary>
internal sealed record NetworkConfiguration
{
    private const string OldestVersion = "0.1.0";
    private static readonly string[] _versions = [OldestVersion, "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>The network's name: letters, digits, '_', '.', '-'.</summary>
    internal required string Name { get; init; }

    /// <summary>The version of the specification its plugins are spoken to in.</summary>
    internal required string Version { get; init; }

    /// <summary>True when its plugins must not be asked to CHECK.</summary>
    internal required bool DisableCheck { get; init; }

    /// <summary>The plugins in the order of ADD; at least one.</summary>
    internal required IReadOnlyList<PluginConfiguration> Plugins { get; init; }

    /// <summary>The configuration as it was read.</summary>
    internal required JsonElement Json { get; init; }

    /// <summary>True when plugins know CHECK, and take the earlier result on DEL: from 0.4.0 on.</summary>
    internal bool TakesResultOnDelete => Array.IndexOf(_versions, Version) >= Array.IndexOf(_versions, "0.4.0");

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong.</exception>
    internal static NetworkConfiguration Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("not a JSON object");
        }

        var name = JsonFields.Text(json, "name") ?? throw new FormatException("it has no name");
        CniNames.CheckNetwork(name);
        return new NetworkConfiguration
        {
            Name = name,
            Version = SelectVersion(json),
            DisableCheck = IsTrue(json, "disableCheck"),
            Plugins = json.TryGetProperty("plugins", out var plugins) ? Chain(plugins) : [PluginConfiguration.Parse(json)],
            Json = json,
        };
    }

    private static PluginConfiguration[] Chain(JsonElement plugins) =>
        plugins.ValueKind == JsonValueKind.Array && plugins.GetArrayLength() > 0
            ? [.. plugins.EnumerateArray().Select(PluginConfiguration.Parse)]
            : throw new FormatException("\"plugins\" is not a list of at least one plugin");

    // The highest one that both the configuration and we know.
    private static string SelectVersion(JsonElement json)
    {
        string[] offered = [JsonFields.Text(json, "cniVersion") ?? OldestVersion, .. JsonFields.Texts(json, "cniVersions")];
        return _versions.LastOrDefault(offered.Contains)
            ?? throw new FormatException(
                $"cniVersion {string.Join(", ", offered)} is not supported; supported: {string.Join(", ", _versions)}");
    }

    // Some writers quote their booleans.
    private static bool IsTrue(JsonElement json, string key) => json.TryGetProperty(key, out var value)
        && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.String && value.GetString() == "true"));
}

/// <summary>One plugin of a network.</summary>
/// <param name="Type">The name of its binary.</param>
/// <param name="Json">Its configuration.</param>
/// <param name="Capabilities">The capability arguments it wants to be given.</param>
internal sealed record PluginConfiguration(string Type, JsonElement Json, IReadOnlySet<string> Capabilities)
{
    /// <summary>Reads one plugin's configuration.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static PluginConfiguration Parse(JsonElement json)
    {
        var type = json.ValueKind == JsonValueKind.Object ? JsonFields.Text(json, "type") : null;
        if (string.IsNullOrEmpty(type))
        {
            throw new FormatException("a plugin has no type");
        }

        if (type.Contains('/') || type is "." or "..")
        {
            throw new FormatException($"the plugin type \"{type}\" is no file name");
        }

        return new PluginConfiguration(type, json, WantedCapabilities(json));
    }

    private static HashSet<string> WantedCapabilities(JsonElement json) =>
        json.TryGetProperty("capabilities", out var wanted) && wanted.ValueKind == JsonValueKind.Object
            ? [.. wanted.EnumerateObject().Where(wish => wish.Value.ValueKind == JsonValueKind.True).Select(wish => wish.Name)]
            : [];
}
