using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.RuntimeService.Cdi;

/// <summary>The JSON of CDI files. An unknown field is an error: it could be one that the device cannot do without.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.Strict,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CdiSpec))]
internal sealed partial class CdiJson : JsonSerializerContext;
