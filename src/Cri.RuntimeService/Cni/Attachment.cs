using System.Buffers;
using System.Text.Json;
using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// Everything a DEL needs: an attachment is undone with what it was made with, whatever the configuration says by then. Recorded before
/// the first plugin runs (<see cref="Result"/> is null then), and again when the last one has answered.
/// </summary>
internal sealed record Attachment
{
    /// <summary>The network as it was configured.</summary>
    internal required NetworkConfiguration Network { get; init; }

    /// <summary>CNI_CONTAINERID.</summary>
    internal required string SandboxId { get; init; }

    /// <summary>CNI_IFNAME.</summary>
    internal required string InterfaceName { get; init; }

    /// <summary>CNI_NETNS.</summary>
    internal required string NetnsPath { get; init; }

    /// <summary>CNI_ARGS.</summary>
    internal required string Arguments { get; init; }

    /// <summary>Capability arguments, name to argument.</summary>
    internal required JsonElement Capabilities { get; init; }

    /// <summary>What the last plugin of the ADD printed; null while it is under way or after it failed.</summary>
    internal JsonElement? Result { get; init; }

    /// <summary>True once a DEL of it has begun: another one that finds it so comes after one that failed or was cut off.</summary>
    internal bool IsDetaching { get; init; }

    /// <summary>True when its plugins may have left what a DEL alone does not find.</summary>
    internal bool WasInterrupted => Result is null || IsDetaching || LivingNetns.Length == 0;

    /// <summary>The namespace's path, or "" when it is gone, which is how plugins are told so.</summary>
    internal string LivingNetns => Nsfs.IsNamespace(NetnsPath) ? NetnsPath : "";

    /// <summary>An attachment that is about to be made.</summary>
    internal static Attachment Of(PodNetwork pod, NetworkConfiguration network) => new()
    {
        Network = network,
        SandboxId = pod.SandboxId,
        InterfaceName = pod.InterfaceName,
        NetnsPath = pod.NetnsPath,
        Arguments = string.Join(
            ';',
            "IgnoreUnknown=1",
            $"K8S_POD_NAMESPACE={pod.Namespace}",
            $"K8S_POD_NAME={pod.Name}",
            $"K8S_POD_INFRA_CONTAINER_ID={pod.SandboxId}",
            $"K8S_POD_UID={pod.Uid}"),
        Capabilities = CapabilityArguments.Of(pod),
    };

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static Attachment Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("it is no object");
        }

        var capabilities = JsonFields.Object(json, "capabilityArgs") ?? throw new FormatException("it has no capabilityArgs");
        return new Attachment
        {
            Network = NetworkConfiguration.Parse(JsonFields.Object(json, "config") ?? throw new FormatException("it has no config")),
            SandboxId = Required("containerId"),
            InterfaceName = Required("ifName"),
            NetnsPath = Required("netns"),
            Arguments = Required("cniArgs"),
            Capabilities = capabilities,
            Result = JsonFields.Object(json, "result"),
            IsDetaching = json.TryGetProperty("detaching", out var detaching) && detaching.ValueKind == JsonValueKind.True,
        };

        string Required(string key) => JsonFields.Text(json, key) ?? throw new FormatException($"it has no {key}");
    }

    /// <summary>The record of this attachment.</summary>
    internal ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", RecordVersion.Newest);
            json.WriteString("networkName", Network.Name);
            json.WriteString("containerId", SandboxId);
            json.WriteString("ifName", InterfaceName);
            json.WriteString("netns", NetnsPath);
            json.WriteString("cniArgs", Arguments);
            json.WritePropertyName("capabilityArgs");
            Capabilities.WriteTo(json);
            json.WritePropertyName("config");
            Network.Json.WriteTo(json);
            if (Result is { } result)
            {
                json.WritePropertyName("result");
                result.WriteTo(json);
            }

            if (IsDetaching)
            {
                json.WriteBoolean("detaching", true);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
