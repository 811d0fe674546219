using System.Text;
using System.Text.Json;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
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
        writer.WriteNumber("pid", record.InitPid > 0 ? record.InitPid : record.ShimPid);
        writer.WriteNumber("shimPid", record.ShimPid);
        writer.WriteString("phase", record.Phase.ToString());
        if (sandbox.Failure is { } failure)
        {
            writer.WriteString("failure", failure);
        }

        writer.WriteString("directory", sandbox.Files.Directory);
        writer.WriteString("runtimeHandler", record.RuntimeHandler);
        writer.WriteNumber("initPid", record.InitPid);
        Stuck(writer, sandbox.Stuck);
        Raw(writer, "config", JsonFormatter.Default.Format(record.Config));
        Resources(writer, "overhead", record.Overhead);
        Resources(writer, "resources", record.Resources);
        Namespaces(writer, sandbox);
    });

    /// <summary>Where a container lives, what it was made from, and its runtime-spec.</summary>
    public Dictionary<string, string> Of(Container container) => Info(writer =>
    {
        var record = container.Record;
        writer.WriteString("sandboxID", record.SandboxId);
        writer.WriteNumber("pid", record.Pid);
        writer.WriteBoolean("removing", false);
        writer.WriteString("snapshotKey", record.Id);
        writer.WriteString("snapshotter", "overlayfs");
        writer.WriteString("runtimeType", "io.containerd.crisp.v2");
        writer.WriteString("runtime", record.Runtime);
        writer.WriteString("bundle", container.Files.Bundle);
        Stuck(writer, container.Stuck);
        writer.WriteString("imageID", record.ImageId);
        Raw(writer, "config", JsonFormatter.Default.Format(record.Config));
        Raw(writer, "resources", record.EffectiveResources is { } limits ? JsonFormatter.Default.Format(limits) : "{}");
        if (File.Exists(container.Files.Config))
        {
            Raw(writer, "runtimeSpec", File.ReadAllText(container.Files.Config));
        }
    });

    // Only there while something is stuck.
    private static void Stuck(Utf8JsonWriter writer, StuckReport? stuck)
    {
        if (stuck is null)
        {
            return;
        }

        writer.WriteStartObject("stuck");
        writer.WriteString("message", stuck.Message);
        writer.WriteStartArray("processes");
        foreach (var process in stuck.Processes)
        {
            writer.WriteStartObject();
            writer.WriteNumber("pid", process.Pid);
            writer.WriteNumber("thread", process.Thread);
            writer.WriteString("name", process.Name);
            writer.WriteString("state", $"{process.State}");
            writer.WriteString("waitChannel", process.WaitChannel);
            writer.WriteString("path", process.Path);
            writer.WriteStartArray("stack");
            process.Stack.ToList().ForEach(writer.WriteStringValue);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Resources(Utf8JsonWriter writer, string name, V1.LinuxContainerResources? resources)
    {
        if (resources is not null)
        {
            Raw(writer, name, JsonFormatter.Default.Format(resources));
        }
    }

    // Network tools look for a pod's namespaces here, where runtimes with an infra container show its runtime-spec.
    private static void Namespaces(Utf8JsonWriter writer, Sandbox sandbox)
    {
        writer.WriteStartObject("runtimeSpec");
        writer.WriteStartObject("linux");
        writer.WriteStartArray("namespaces");
        foreach (var (type, file) in new[] { ("network", "net"), ("ipc", "ipc"), ("uts", "uts") })
        {
            if (File.Exists(sandbox.Files.Namespace(file)))
            {
                writer.WriteStartObject();
                writer.WriteString("type", type);
                writer.WriteString("path", sandbox.Files.Namespace(file));
                writer.WriteEndObject();
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

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
