using System.Text.Json.Nodes;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.Testing;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.RuntimeService.Tests;

/// <summary>A busybox container that really runs in a <see cref="RunningPod"/>.</summary>
internal sealed class RunningContainer : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly string _root = BusyboxRoot();
    private readonly RunningPod _pod;

    private RunningContainer(RunningPod pod, Container container) => (_pod, Container) = (pod, container);

    internal Container Container { get; private set; }

    internal string LogFile => Path.Combine(_pod.Sandbox.Files.Directory, "c.log");

    /// <summary>Starts a container that runs a shell script.</summary>
    internal static async Task<RunningContainer> StartAsync(RunningPod pod, string script, V1.ContainerConfig? config = null)
    {
        config ??= new V1.ContainerConfig();
        var container = new RunningContainer(pod, new Container(Record(Guid.NewGuid().ToString("n"), pod, config), pod.Sandbox, new ChangeCount()));
        var files = container.Container.Files;
        Directory.CreateDirectory(files.Bundle);
        await File.WriteAllTextAsync(files.Config, Configuration(script, config.Tty, $"/crisp-runtime-test-{container.Container.Id}").ToJsonString());
        if (config.Stdin)
        {
            Fifo.Create(files.Stdin, 0x180);
        }

        var shim = pod.Sandbox.Shim!;
        await shim.Tasks.CreateAsync(new CreateTaskRequest
        {
            Id = container.Container.Id,
            Bundle = files.Bundle,
            Rootfs = { new Cri.Ttrpc.Types.Mount { Type = "bind", Source = _root, Options = { "rbind", "ro" } } },
            Terminal = config.Tty,
            Stdin = config.Stdin ? files.Stdin : "",
            Stdout = "cri://" + container.LogFile,
            Stderr = config.Tty ? "" : "cri://" + container.LogFile,
            Options = TypeUrl.Pack(TypeUrl.RuncOptions, new Options { BinaryName = "runc", Root = pod.RuntimeRoot }),
        });
        await shim.Tasks.StartAsync(new StartRequest { Id = container.Container.Id });
        return container;
    }

    /// <summary>The same container as a server sees it that has started again.</summary>
    internal async Task ReconnectAsync()
    {
        await _pod.ReconnectAsync();
        Container = new Container(Container.Record, _pod.Sandbox, new ChangeCount());
    }

    internal Task<WaitResponse> WaitAsync() =>
        Container.Sandbox.Shim!.Tasks.WaitAsync(new WaitRequest { Id = Container.Id }).WaitAsync(_patience);

    internal async Task<int> ProcessCountAsync() =>
        (await Container.Sandbox.Shim!.Tasks.PidsAsync(new PidsRequest { Id = Container.Id })).Processes.Count;

    /// <summary>The text of the log without times and tags.</summary>
    internal string LogText() => !File.Exists(LogFile) ? "" : string.Concat(File.ReadAllLines(LogFile)
        .Select(line => line.Split(' ', 4)).Select(parts => parts[3] + (parts[2] == "F" ? "\n" : "")));

    public async ValueTask DisposeAsync()
    {
        var shim = Container.Sandbox.Shim!;
        try
        {
            await shim.Tasks.KillAsync(new KillRequest { Id = Container.Id, Signal = 9, All = true });
        }
        catch (TtrpcException)
        {
            // It has ended already.
        }

        await WaitAsync();
        await shim.Tasks.DeleteAsync(new DeleteRequest { Id = Container.Id }).WaitAsync(_patience);
    }

    private static ContainerRecord Record(string id, RunningPod pod, V1.ContainerConfig config) => new()
    {
        Id = id,
        SandboxId = pod.Sandbox.Id,
        CreatedAt = 1,
        StartedAt = 2,
        ImageId = "",
        ImageRef = "",
        Rootfs = new SnapshotMount("bind", _root, []),
        Runtime = "runc",
        StopSignal = 15,
        Config = config,
    };

    private static string BusyboxRoot() => BusyboxTree.Make(
        Path.Combine(AppContext.BaseDirectory, "busybox-root"), ["proc", "dev"], "sh sleep cat dd stty seq head");

    private static JsonNode Configuration(string script, bool tty, string cgroup)
    {
        var text = $$"""
            {
              "ociVersion": "1.0.2",
              "process": { "terminal": {{(tty ? "true" : "false")}}, "user": { "uid": 0, "gid": 0 }, "args": ["/bin/sh", "-c", ""], "env": ["PATH=/bin"], "cwd": "/" },
              "root": { "path": "rootfs" },
              "mounts": [
                { "destination": "/proc", "type": "proc", "source": "proc" },
                { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"] },
                { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620"] }
              ],
              "linux": {
                "cgroupsPath": "{{cgroup}}",
                "namespaces": [{ "type": "pid" }, { "type": "mount" }, { "type": "ipc" }, { "type": "uts" }],
                "resources": { "devices": [{ "allow": true, "access": "rwm" }] }
              }
            }
            """;
        var configuration = JsonNode.Parse(text)!;
        configuration["process"]!["args"]![2] = script;
        return configuration;
    }
}
