using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.Oci.Runtime;

/// <summary>The JSON of the runtime-spec: absent is null, and a zero is written as a zero.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RuntimeSpec))]
[JsonSerializable(typeof(ProcessSpec))]
[JsonSerializable(typeof(ResourcesSpec))]
[JsonSerializable(typeof(SeccompSpec))]
public sealed partial class RuntimeJson : JsonSerializerContext;
