using System.Text.Json.Serialization;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>What <c>layers/&lt;name&gt;/layer.json</c> holds. It is written before the layer gets its name.</summary>
internal sealed record LayerMetadata
{
    internal const string FileName = "layer.json";

    /// <summary>The version of this file's form.</summary>
    public int Version { get; init; } = RecordVersion.Newest;

    /// <summary>The digest of the uncompressed tar.</summary>
    public required Digest DiffId { get; init; }

    /// <summary>The space of the tree in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>The inodes of the tree.</summary>
    public required long Inodes { get; init; }

    /// <summary>Directories that the archive implies only; see <see cref="Layer.ImpliedDirectories"/>.</summary>
    public IReadOnlyList<string>? ImpliedDirectories { get; init; }

    internal Layer ToLayer(string name) =>
        new(name, DiffId, new FileSystemUsage(Bytes, Inodes)) { ImpliedDirectories = ImpliedDirectories ?? [] };
}

/// <summary>Source-generated JSON of a layer's metadata.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(LayerMetadata))]
internal sealed partial class LayerJson : JsonSerializerContext;
