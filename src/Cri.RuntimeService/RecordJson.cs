using System.Text.Json;
using System.Text.Json.Serialization;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Sandboxes;
using Google.Protobuf;

namespace Cri.RuntimeService;

/// <summary>The JSON of the state files; <c>jq</c> is their debugger.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true,
    Converters = [typeof(PodSandboxConfigJson), typeof(ContainerConfigJson), typeof(LinuxContainerResourcesJson)])]
[JsonSerializable(typeof(SandboxRecord))]
[JsonSerializable(typeof(ContainerRecord))]
[JsonSerializable(typeof(ExitRecord))]
public sealed partial class RecordJson : JsonSerializerContext;

/// <summary>A CRI message inside a record, in protobuf's own JSON form.</summary>
public abstract class MessageJson<T> : JsonConverter<T>
    where T : class, IMessage<T>, new()
{
    private static readonly JsonParser _parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return _parser.Parse<T>(document.RootElement.GetRawText());
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteRawValue(JsonFormatter.Default.Format(value));
}

/// <summary>PodSandboxConfig as JSON.</summary>
public sealed class PodSandboxConfigJson : MessageJson<V1.PodSandboxConfig>;

/// <summary>ContainerConfig as JSON.</summary>
public sealed class ContainerConfigJson : MessageJson<V1.ContainerConfig>;

/// <summary>LinuxContainerResources as JSON.</summary>
public sealed class LinuxContainerResourcesJson : MessageJson<V1.LinuxContainerResources>;
