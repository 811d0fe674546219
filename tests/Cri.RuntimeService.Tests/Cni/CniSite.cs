using System.Text.Json;
using Cri.RuntimeService.Cni;

namespace Cri.RuntimeService.Tests.Cni;

/// <summary>A host's CNI directories, with shell scripts for plugins that note how they were called.</summary>
internal sealed class CniSite : IDisposable
{
    /// <summary>A result that gives the pod an address.</summary>
    internal const string Result = """{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/ns"}],"ips":[{"address":"10.9.0.2/24","gateway":"10.9.0.1","interface":0}]}""";

    internal CniSite()
    {
        Root = Directory.CreateTempSubdirectory("crisp-cni-").FullName;
        Directory.CreateDirectory(ConfDir);
        Directory.CreateDirectory(BinDir);
        Directory.CreateDirectory(CallDir);
    }

    internal string Root { get; }

    internal string ConfDir => Path.Combine(Root, "net.d");

    internal string BinDir => Path.Combine(Root, "bin");

    internal string CacheDir => Path.Combine(Root, "cache");

    /// <summary>The calls so far: "ADD bridge".</summary>
    internal string[] Calls => File.Exists(CallLog) ? File.ReadAllLines(CallLog) : [];

    private string CallDir => Path.Combine(Root, "calls");

    private string CallLog => Path.Combine(CallDir, "log");

    public void Dispose() => Directory.Delete(Root, recursive: true);

    internal CniNetwork Open(TimeSpan? timeout = null) => new(new CniOptions
    {
        ConfDir = ConfDir,
        BinDirs = [Path.Combine(Root, "absent"), BinDir],
        CacheDir = CacheDir,
        PluginTimeout = timeout ?? TimeSpan.FromSeconds(60),
    });

    /// <summary>Makes a plugin that notes its call and input, and then does what is said for ADD and for DEL.</summary>
    internal void Plugin(string name, string add = $"echo '{Result}'", string delete = "exit 0", string check = "exit 0") => Executable(name, $"""
        #!/bin/sh
        echo "$CNI_COMMAND {name}" >> {CallLog}
        cat > {CallDir}/$CNI_COMMAND-{name}.json
        env > {CallDir}/$CNI_COMMAND-{name}.env
        case $CNI_COMMAND in
        ADD) {add} ;;
        DEL) {delete} ;;
        CHECK) {check} ;;
        esac
        """);

    internal void Executable(string name, string script)
    {
        var path = Path.Combine(BinDir, name);
        File.WriteAllText(path, script);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    internal void Configure(string file, string json) => File.WriteAllText(Path.Combine(ConfDir, file), json);

    /// <summary>Configures a network of these plugins, each wanting these capabilities.</summary>
    internal void Network(string[] plugins, string name = "pods", string version = "1.0.0", string capabilities = "{}") => Configure(
        "10-pods.conflist",
        $$"""{"cniVersion":"{{version}}","name":"{{name}}","plugins":[{{string.Join(',', plugins.Select(type => $$"""{"type":"{{type}}","own":["kept",1],"capabilities":{{capabilities}}}"""))}}]}""");

    /// <summary>What a plugin last read on its standard input.</summary>
    internal JsonElement Input(string command, string plugin) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(CallDir, $"{command}-{plugin}.json"))).RootElement;

    /// <summary>A variable of a plugin's last environment; null when it was not set.</summary>
    internal string? Variable(string command, string plugin, string name) => File.ReadAllLines(Path.Combine(CallDir, $"{command}-{plugin}.env"))
        .FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    internal static PodNetwork Pod(string id = "pod1") => new()
    {
        SandboxId = id,
        NetnsPath = "/proc/self/ns/net",
        Namespace = "default",
        Name = "web",
        Uid = "uid-1",
    };
}
