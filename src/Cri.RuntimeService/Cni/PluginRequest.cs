using System.Buffers;
using System.Text.Json;
using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>One call of a plugin: what it gets on its standard input and in its environment (section 2 of the CNI specification).</summary>
/// <param name="Command">ADD, DEL or CHECK.</param>
/// <param name="Attachment">What it is about.</param>
/// <param name="Plugin">The plugin.</param>
/// <param name="PreviousResult">What the plugin before it, or at last the whole chain, answered; null for nothing.</param>
internal sealed record PluginRequest(string Command, Attachment Attachment, PluginConfiguration Plugin, JsonElement? PreviousResult)
{
    // Set by us for each call, and not handed on as configured.
    private static readonly HashSet<string> _ours = ["cniVersion", "name", "capabilities", "runtimeConfig", "prevResult"];

    /// <summary>What an error is about.</summary>
    internal string Subject =>
        $"CNI plugin {Plugin.Type} of network {Attachment.Network.Name}: {Command} of sandbox {Attachment.SandboxId}";

    /// <summary>The plugin's configuration with what the call adds to it.</summary>
    internal ReadOnlyMemory<byte> Input()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", Attachment.Network.Version);
            json.WriteString("name", Attachment.Network.Name);
            foreach (var property in Plugin.Json.EnumerateObject().Where(property => !_ours.Contains(property.Name)))
            {
                property.WriteTo(json);
            }

            WriteCapabilities(json);
            if (PreviousResult is { } result)
            {
                json.WritePropertyName("prevResult");
                result.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>What children see of our own environment, as plugins need its PATH to find iptables, and the call's parameters.</summary>
    internal IReadOnlyList<string> Environment(CniOptions options) =>
    [
        .. ChildEnvironment.Read(),
        $"CNI_COMMAND={Command}",
        $"CNI_CONTAINERID={Attachment.SandboxId}",
        $"CNI_NETNS={(Command == "DEL" ? Attachment.LivingNetns : Attachment.NetnsPath)}",
        $"CNI_IFNAME={Attachment.InterfaceName}",
        $"CNI_ARGS={Attachment.Arguments}",
        $"CNI_PATH={string.Join(':', options.BinDirs)}",
    ];

    private void WriteCapabilities(Utf8JsonWriter json)
    {
        var wanted = Attachment.Capabilities.EnumerateObject().Where(argument => Plugin.Capabilities.Contains(argument.Name)).ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        json.WriteStartObject("runtimeConfig");
        foreach (var argument in wanted)
        {
            argument.WriteTo(json);
        }

        json.WriteEndObject();
    }
}
