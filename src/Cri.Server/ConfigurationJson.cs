using System.Text;
using System.Text.Json;
using Cri.RuntimeService.Cni;
using Cri.Server.Configuration;

namespace Cri.Server;

/// <summary>The verbose answers of Status: what the server runs with, as JSON.</summary>
public static class ConfigurationJson
{
    /// <summary>The configuration in force.</summary>
    public static string Write(CrispConfiguration configuration) => Document(writer =>
    {
        writer.WriteString("root", configuration.Root);
        writer.WriteString("state", configuration.State);
        writer.WriteString("listen", configuration.Listen);
        writer.WriteString("logLevel", configuration.LogLevel.ToString());
        writer.WriteString("cgroupDriver", configuration.CgroupDriver.ToString());
        writer.WriteString("selinux", configuration.Selinux.ToString());
        Strings(writer, "cdiSpecDirs", configuration.Cdi.SpecDirs);
        writer.WriteString("hostsDir", configuration.Registry.HostsDir);
        Strings(writer, "imagePolicies", configuration.Images.Policies.All.Select(policy => policy.ToString()));
        writer.WriteString("cniConfDir", configuration.Cni.ConfDir);
        Strings(writer, "cniBinDirs", configuration.Cni.BinDirs);
        writer.WriteString("defaultRuntime", configuration.Runtimes.Default ?? "");
        writer.WriteString("streamingAddress", $"{configuration.Streaming.Address}:{configuration.Streaming.Port}");
        writer.WriteBoolean("streamingTls", configuration.Streaming.Tls is not null);
        writer.WriteString("metricsAddress", configuration.Metrics.Address?.ToString() ?? "");
    });

    /// <summary>The network configuration in force and what is wrong with the files that are not.</summary>
    public static string Write(NetworkStatus network) => Document(writer =>
    {
        writer.WriteBoolean("ready", network.Ready);
        writer.WriteString("reason", network.Reason);
        writer.WriteString("message", network.Message);
        writer.WriteString("network", network.NetworkName ?? "");
        writer.WriteString("file", network.ConfigurationFile ?? "");
        Strings(writer, "problems", network.Problems.Select(problem => $"{problem.File}: {problem.Problem}"));
    });

    private static string Document(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Strings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
