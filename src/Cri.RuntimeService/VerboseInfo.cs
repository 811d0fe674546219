using System.Text;
using System.Text.Json;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Sandboxes;
using Google.Protobuf;

namespace Cri.RuntimeService;

/// <summary>The <c>info</c> of verbose answers: JSON objects that <c>crictl inspect</c> shows.</summary>
/// <param name="serverConfiguration">Writes the server's configuration as JSON.</param>
/// <param name="network">Writes the state of the CNI configuration as JSON.</param>
public sealed class VerboseInfo(Func<string> serverConfiguration, Func<string> network)
{
    /// <summary>The configuration and the network's state.</summary>
    public Dictionary<string, string> OfServer() => new() { ["config"] = serverConfiguration(), ["cniStatus"] = network() };

    /// <summary>Where a sandbox lives and what it was made from.</summary>
    public Dictionary<string, string> Of(Sandbox sandbox) => Info(writer =>
    {
        var record = sandbox.Record;
        writer.WriteNumber("pid", record.ShimPid);
        writer.WriteString("phase", record.Phase.ToString());
        writer.WriteString("directory", sandbox.Files.Directory);
        writer.WriteString("runtimeHandler", record.RuntimeHandler);
        writer.WriteNumber("initPid", record.InitPid);
        Raw(writer, "config", JsonFormatter.Default.Format(record.Config));
    });

    /// <summary>Where a container lives, what it was made from, and its runtime-spec.</summary>
    public Dictionary<string, string> Of(Container container) => Info(writer =>
    {
        var record = container.Record;
        writer.WriteString("sandboxID", record.SandboxId);
        writer.WriteNumber("pid", record.Pid);
        writer.WriteString("runtime", record.Runtime);
        writer.WriteString("bundle", container.Files.Bundle);
        writer.WriteString("imageID", record.ImageId);
        Raw(writer, "config", JsonFormatter.Default.Format(record.Config));
        if (File.Exists(container.Files.Config))
        {
            Raw(writer, "runtimeSpec", File.ReadAllText(container.Files.Config));
        }
    });

    private static Dictionary<string, string> Info(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return new Dictionary<string, string> { ["info"] = Encoding.UTF8.GetString(stream.ToArray()) };
    }

    private static void Raw(Utf8JsonWriter writer, string name, string json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json);
    }
}
