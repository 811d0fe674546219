using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>
/// Source-generated JSON of the image documents: camelCase, absent instead of null. A null where something must be is a
/// <see cref="JsonException"/>.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    MaxDepth = 32)]
[JsonSerializable(typeof(ImageIndex))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(Image))]
[JsonSerializable(typeof(Descriptor))]
public sealed partial class ImageJson : JsonSerializerContext;
