using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>What a container made from an image runs with: the <c>config</c> object of the image configuration. Every field is optional.</summary>
public sealed record ImageConfig
{
    /// <summary>The user to run as: name or uid, with <c>:group</c> or <c>:gid</c> if given.</summary>
    [JsonPropertyName("User")]
    public string? User { get; init; }

    /// <summary>Ports the image says it listens on, as <c>port/protocol</c>.</summary>
    [JsonPropertyName("ExposedPorts")]
    public IReadOnlyDictionary<string, JsonElement>? ExposedPorts { get; init; }

    /// <summary>Environment variables as NAME=value.</summary>
    [JsonPropertyName("Env")]
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>The program and its fixed arguments.</summary>
    [JsonPropertyName("Entrypoint")]
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>The default arguments, or the whole command when there is no entrypoint.</summary>
    [JsonPropertyName("Cmd")]
    public IReadOnlyList<string>? Cmd { get; init; }

    /// <summary>Directories the image says hold data.</summary>
    [JsonPropertyName("Volumes")]
    public IReadOnlyDictionary<string, JsonElement>? Volumes { get; init; }

    /// <summary>The directory to start in; empty means the root.</summary>
    [JsonPropertyName("WorkingDir")]
    public string? WorkingDir { get; init; }

    /// <summary>Labels by name.</summary>
    [JsonPropertyName("Labels")]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The signal that asks the program to stop, by name or number.</summary>
    [JsonPropertyName("StopSignal")]
    public string? StopSignal { get; init; }

    /// <summary>True when a list has a null among its words: no valid configuration has.</summary>
    [JsonIgnore]
    public bool HasNulls => new[] { Env, Entrypoint, Cmd }.Any(words => words?.Contains(null!) == true);

    /// <summary>Fields that this version does not know, kept as they came.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
