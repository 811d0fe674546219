using System.Text.Json;
using System.Text.Json.Nodes;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using MountMessage = Cri.Ttrpc.Types.Mount;

namespace Cri.Shim.Tests;

/// <summary>A container in a shim: its bundle and the calls that tests make most.</summary>
internal sealed class TestContainer
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly ShimProcess _shim;

    private TestContainer(ShimProcess shim, string id)
    {
        (_shim, Id) = (shim, id);
        shim.Containers.Add(id);
        Bundle = Directory.CreateDirectory(Path.Combine(shim.Directory, id)).FullName;
    }

    public string Id { get; }

    public string Bundle { get; }

    public string LogFile => Path.Combine(_shim.Directory, $"{Id}.log");

    public int Pid { get; private set; }

    /// <summary>Writes a bundle that runs a shell script, after <paramref name="adapt"/> changed its configuration.</summary>
    public static TestContainer Prepare(ShimProcess shim, string script, string? id = null, Action<JsonNode>? adapt = null)
    {
        var container = new TestContainer(shim, id ?? "c1");
        var configuration = Configuration(script, $"/{shim.CgroupPrefix}-{container.Id}");
        adapt?.Invoke(configuration);
        File.WriteAllText(Path.Combine(container.Bundle, "config.json"), configuration.ToJsonString());
        return container;
    }

    /// <summary>Makes and starts a container whose output goes to a CRI log.</summary>
    public static async Task<TestContainer> RunAsync(ShimProcess shim, string script, string? id = null, Action<JsonNode>? adapt = null)
    {
        var container = Prepare(shim, script, id, adapt);
        await container.CreateAsync();
        await container.StartAsync();
        return container;
    }

    /// <summary>Creates it; <paramref name="adapt"/> changes the request.</summary>
    public async Task CreateAsync(Action<CreateTaskRequest>? adapt = null)
    {
        var request = new CreateTaskRequest
        {
            Id = Id,
            Bundle = Bundle,
            Rootfs = { BusyboxRoot.Mount },
            Stdout = $"cri://{LogFile}",
            Stderr = $"cri://{LogFile}",
            Options = TypeUrl.Pack(TypeUrl.RuncOptions, new Options { BinaryName = Runtime, Root = Path.Combine(_shim.Directory, "runtime") }),
        };
        adapt?.Invoke(request);
        Pid = (int)(await _shim.Tasks.CreateAsync(request).WaitAsync(_patience)).Pid;
    }

    /// <summary>The OCI runtime to test with.</summary>
    public static string Runtime => Environment.GetEnvironmentVariable("CRISP_TEST_RUNTIME") ?? "runc";

    public Task StartAsync() => _shim.Tasks.StartAsync(new StartRequest { Id = Id }).WaitAsync(_patience);

    public Task<WaitResponse> WaitAsync(string execId = "") =>
        _shim.Tasks.WaitAsync(new WaitRequest { Id = Id, ExecId = execId }).WaitAsync(_patience);

    public Task KillAsync(int signal, bool all = false) =>
        _shim.Tasks.KillAsync(new KillRequest { Id = Id, Signal = (uint)signal, All = all }).WaitAsync(_patience);

    public Task<DeleteResponse> DeleteAsync(string execId = "") =>
        _shim.Tasks.DeleteAsync(new DeleteRequest { Id = Id, ExecId = execId }).WaitAsync(_patience);

    public Task<StateResponse> StateAsync(string execId = "") =>
        _shim.Tasks.StateAsync(new StateRequest { Id = Id, ExecId = execId }).WaitAsync(_patience);

    /// <summary>Kills it and removes it.</summary>
    public async Task RemoveAsync()
    {
        await KillAsync(9);
        await WaitAsync();
        await DeleteAsync();
    }

    /// <summary>Adds an exec of a shell script and starts it.</summary>
    public async Task ExecAsync(string execId, string script, Action<ExecProcessRequest>? adapt = null)
    {
        var request = new ExecProcessRequest { Id = Id, ExecId = execId, Spec = TypeUrl.PackJson(TypeUrl.Process, ProcessJson("/bin/sh", "-c", script)) };
        adapt?.Invoke(request);
        await _shim.Tasks.ExecAsync(request).WaitAsync(_patience);
        await _shim.Tasks.StartAsync(new StartRequest { Id = Id, ExecId = execId }).WaitAsync(_patience);
    }

    public static byte[] ProcessJson(params string[] args) => JsonSerializer.SerializeToUtf8Bytes(Process(args));

    public JsonNode ExitRecord() => JsonNode.Parse(File.ReadAllText(Path.Combine(Bundle, "exit.json")))!;

    /// <summary>The lines of the log; a carriage return is part of its line.</summary>
    public string[] LogLines() => File.ReadAllText(LogFile).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The text of the log without times and tags, both streams.</summary>
    public string LogText() => string.Concat(LogLines().Select(line => line.Split(' ', 4)).Select(parts => parts[3] + (parts[2] == "F" ? "\n" : string.Empty)));

    /// <summary>Waits until the log has this text.</summary>
    public async Task WaitForLogAsync(string text)
    {
        for (var until = DateTime.UtcNow + _patience; !LogText().Contains(text, StringComparison.Ordinal); await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < until, $"the log never had \"{text}\": {LogText()}");
        }
    }

    public static MountMessage Mount(string type, string source, params string[] options) =>
        new() { Type = type, Source = source, Options = { options } };

    private static JsonObject Process(string[] args) => new()
    {
        ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
        ["args"] = new JsonArray([.. args.Select(arg => (JsonNode)arg)]),
        ["env"] = new JsonArray("PATH=/bin"),
        ["cwd"] = "/",
        ["capabilities"] = new JsonObject { ["bounding"] = new JsonArray("CAP_KILL"), ["effective"] = new JsonArray("CAP_KILL"), ["permitted"] = new JsonArray("CAP_KILL") },
    };

    private static JsonObject Configuration(string script, string cgroup) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["process"] = Process(["/bin/sh", "-c", script]),
        ["root"] = new JsonObject { ["path"] = "rootfs" },
        ["mounts"] = new JsonArray(
            Mounted("/proc", "proc"),
            Mounted("/dev", "tmpfs", "mode=755"),
            Mounted("/dev/pts", "devpts", "newinstance", "ptmxmode=0666", "mode=0620")),
        ["linux"] = new JsonObject
        {
            ["cgroupsPath"] = cgroup,
            ["namespaces"] = new JsonArray([.. new[] { "pid", "mount", "ipc", "uts", "network" }.Select(type => (JsonNode)new JsonObject { ["type"] = type })]),
            ["resources"] = new JsonObject { ["devices"] = new JsonArray(new JsonObject { ["allow"] = true, ["access"] = "rwm" }) },
        },
    };

    private static JsonObject Mounted(string destination, string type, params string[] options) => new()
    {
        ["destination"] = destination,
        ["type"] = type,
        ["source"] = type,
        ["options"] = new JsonArray([.. options.Select(option => (JsonNode)option)]),
    };
}
