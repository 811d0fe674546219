using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Cri.RuntimeService.Runtimes;

/// <summary>
/// The bundle of a probe's container: its root file system is empty. The program is bind mounted and /dev is a tmpfs, because the state
/// directory is commonly on a tmpfs that allows neither programs nor devices. A directory of its own, removed with everything in it.
/// </summary>
internal sealed class ProbeBundle : IDisposable
{
    /// <summary>How the directories and cgroups of probes begin.</summary>
    internal const string Prefix = "crisp-probe-";

    /// <summary>What the container's process is called once it runs.</summary>
    internal const string ProcessName = "crisp-probe";

    private const int RandomLength = 12;

    /// <summary>Writes a bundle below a directory.</summary>
    [SuppressMessage("Interoperability", "CA1416", Justification = "Crisp runs on Linux only.")]
    internal ProbeBundle(string stateDirectory, bool systemdCgroup)
    {
        Id = Prefix + Guid.NewGuid().ToString("n")[..RandomLength];
        Path = System.IO.Path.Combine(stateDirectory, Id);
        Directory.CreateDirectory(System.IO.Path.Combine(Path, "rootfs"));
        File.WriteAllBytes(InitPath, PodInitBinary.ForThisMachine());
        File.SetUnixFileMode(InitPath, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var config = File.Create(System.IO.Path.Combine(Path, "config.json"));
        WriteConfig(config, systemdCgroup);
    }

    /// <summary>The container's id, and the name of its cgroup.</summary>
    internal string Id { get; }

    /// <summary>The directory.</summary>
    internal string Path { get; }

    /// <summary>Where the runtime keeps its state.</summary>
    internal string RuntimeRoot => System.IO.Path.Combine(Path, "root");

    /// <summary>The runtime's log, JSON lines.</summary>
    internal string LogPath => System.IO.Path.Combine(Path, "log.json");

    /// <summary>The file that the runtime writes the container's pid to.</summary>
    internal string PidPath => System.IO.Path.Combine(Path, "pid");

    private string InitPath => System.IO.Path.Combine(Path, ProcessName);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);

    private void WriteConfig(Stream stream, bool systemdCgroup)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("ociVersion", "1.0.2");
        WriteProcess(json);
        json.WriteStartObject("root");
        json.WriteString("path", "rootfs");
        json.WriteEndObject();
        json.WriteStartArray("mounts");
        WriteMount(json, "/proc", "proc", "proc");
        WriteMount(json, "/dev", "tmpfs", "tmpfs", "nosuid", "mode=755");
        WriteMount(json, "/" + ProcessName, "bind", InitPath, "bind", "ro");
        json.WriteEndArray();
        WriteLinux(json, systemdCgroup);
        json.WriteEndObject();
    }

    private static void WriteProcess(Utf8JsonWriter json)
    {
        json.WriteStartObject("process");
        json.WriteString("cwd", "/");
        json.WriteStartObject("user");
        json.WriteNumber("uid", 0);
        json.WriteNumber("gid", 0);
        json.WriteEndObject();
        json.WriteStartArray("args");
        json.WriteStringValue("/" + ProcessName);
        json.WriteEndArray();
        json.WriteBoolean("noNewPrivileges", true);
        json.WriteEndObject();
    }

    private static void WriteMount(Utf8JsonWriter json, string destination, string type, string source, params string[] options)
    {
        json.WriteStartObject();
        json.WriteString("destination", destination);
        json.WriteString("type", type);
        json.WriteString("source", source);
        json.WriteStartArray("options");
        foreach (var option in options)
        {
            json.WriteStringValue(option);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // The namespaces that every container has, and one limit, so that cgroups are really used.
    private void WriteLinux(Utf8JsonWriter json, bool systemdCgroup)
    {
        json.WriteStartObject("linux");
        json.WriteString("cgroupsPath", systemdCgroup ? $"system.slice:crisp-probe:{Id[Prefix.Length..]}" : $"/{Id}");
        json.WriteStartObject("resources");
        json.WriteStartObject("pids");
        json.WriteNumber("limit", 16);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("namespaces");
        foreach (var type in (ReadOnlySpan<string>)["pid", "mount", "ipc", "uts"])
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
