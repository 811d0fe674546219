using System.Diagnostics;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Xunit;
using Finding = Cri.Api.CrispV1.Finding;

namespace Cri.Faults.Reconciliation;

/// <summary>What nobody owns is found and removed, and nothing else is touched. The tests have a crispd of their own, one after the other.</summary>
public sealed class ReconciliationTests(ReconciledNode node) : IClassFixture<ReconciledNode>, IAsyncLifetime
{
    private readonly CriEndpoint _cri = node.Cri;

    private CrispdFixture Crispd => _cri.Crispd!;

    private string State => Path.GetDirectoryName(Crispd.Socket)!;

    private string Root => Crispd.Leaks.Directories[0] + "/root";

    private readonly List<Process> _planted = [];
    private bool _isDown;

    public Task InitializeAsync() => Task.CompletedTask;

    // One failure must not become many: the next test finds a crispd that serves.
    public async Task DisposeAsync()
    {
        if (_isDown)
        {
            await StartAsync();
        }

        foreach (var process in _planted)
        {
            process.Kill();
            process.Dispose();
        }
    }

    [Fact]
    public async Task Gc_WithPodsInEveryState_FindsNothing()
    {
        var pod = await TestPod.RunAsync(_cri);
        await pod.StartAsync(["sleep", "1000"]);
        await pod.CreateAsync(["true"]);
        await (await pod.StartScriptAsync("exit 3")).ExitAsync();
        var shared = await TestPod.RunAsync(_cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var stopped = await TestPod.RunAsync(_cri);
        await stopped.StartAsync(["sleep", "1000"]);
        await stopped.StopAsync();

        Assert.Empty(await CrispGc.FindAsync(_cri));
        await RestartAsync();
        Assert.Empty(await CrispGc.RunAsync(_cri));

        Assert.Equal(PodSandboxState.SandboxReady, (await shared.StatusAsync()).State);
        await pod.DisposeAsync();
        await shared.DisposeAsync();
        await stopped.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task Gc_AfterAPodsRecordsWereLost_RemovesAllThatIsLeftOfIt()
    {
        var lost = await TestPod.RunAsync(_cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var container = await lost.StartAsync(["sleep", "1000"], config => config.Linux = new LinuxContainerConfig());
        var other = await TestPod.RunAsync(_cri);
        var kept = await other.StartAsync(["sleep", "1000"]);
        var (shim, pid) = (await lost.ShimPidAsync(), await container.PidAsync());
        await KillAsync();
        File.Delete($"{Crispd.PodDirectory(lost.Id)}/pod.json");

        await StartAsync();

        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{pid}/root"), "the container's process is gone");
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{shim}/root"), "the shim is gone");
        await Eventually.GetAsync(() => CrispGc.RunAsync(_cri), found => found.Count == 0, "nothing is found any more");
        Assert.Empty(CgroupTree.Named(lost.Id));
        Assert.Empty(CgroupTree.Named(container.Id));
        Assert.DoesNotContain(Leases(), lease => File.ReadAllText(lease).Contains(lost.Id, StringComparison.Ordinal));
        Assert.False(Directory.Exists($"{Root}/containers/{container.Id}"));
        Assert.Contains($"reconciled: kill shim {Crispd.PodDirectory(lost.Id)} of {shim}: no pod sandbox {lost.Id} is known", Crispd.Log, StringComparison.Ordinal);
        Assert.Equal("still here", await kept.ShellAsync("echo still here"));
        await other.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task Gc_WithOneOrphanOfEachKind_ShowsAndRemovesThem()
    {
        await SettleAsync();
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var (stray, bundle, id) = (NewId(), NewId(), NewId());
        PlantMounts(stray);
        var namespaces = $"{Crispd.PodDirectory(stray)}/ns/net";
        Directory.CreateDirectory($"{Crispd.PodDirectory(pod.Id)}/{bundle}/rootfs");
        Directory.CreateDirectory($"{State}/pods/.removing-{id}");
        Directory.CreateDirectory($"{Root}/containers/{id}/upper/etc");
        Directory.CreateDirectory($"{Root}/containers/{id}+0/upper");
        var lease = PlantAttachment(pod.Id, id);
        var cgroups = await PlantCgroupAsync(id);
        using var shim = await Lookalike.StartAsync(id, Crispd.PodDirectory(id));
        var old = $"{Crispd.PodDirectory(pod.Id)}/.tmp-left";
        await File.WriteAllTextAsync(old, "{");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-1));

        var found = await CrispGc.FindAsync(_cri);

        Assert.Equal(
            ["attachment", "cgroup", "directory", "directory", "directory", "file", "mount", "namespace", "shim", "snapshot"],
            found.Select(finding => finding.Kind).Order(StringComparer.Ordinal));
        Assert.Contains(found, finding => finding is { Kind: "namespace", Action: "unmount" } && finding.Path == namespaces && finding.Object == stray);
        Assert.True(File.Exists(lease) && File.Exists(old) && !shim.HasEnded && cgroups.Exists(Directory.Exists));

        Assert.Equal(found, await CrispGc.RunAsync(_cri));

        Assert.Empty(await CrispGc.FindAsync(_cri));
        await Eventually.HoldsAsync(() => shim.HasEnded, "the shim's double has ended");
        Assert.False(File.Exists(lease) || File.Exists(old) || cgroups.Exists(Directory.Exists));
        Assert.False(Directory.Exists(Crispd.PodDirectory(stray)) || Directory.Exists($"{Crispd.PodDirectory(pod.Id)}/{bundle}"));
        await Eventually.HoldsAsync(() => Directory.GetDirectories($"{Root}/containers").Length == 1, "only the container's writable layer is left");
        Assert.Equal("still here", await container.ShellAsync("echo still here"));
        await pod.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task Gc_OfWhatBelongsToOthers_TouchesNothing()
    {
        await using var neighbour = await CriEndpoint.StartAsync();
        var theirs = await TestPod.RunAsync(neighbour);
        var container = await theirs.StartAsync(["sleep", "1000"]);
        var id = NewId();
        var elsewhere = $"{Path.GetDirectoryName(neighbour.Crispd!.Socket)}/pods/{id}";
        using var shimOfAnother = await Lookalike.StartAsync(id, elsewhere);
        using var shimOfAContainer = await Lookalike.StartElsewhereAsync(id, Crispd.PodDirectory(id), $"{State}/pods");
        using var stranger = new TemporaryDirectory("notours", $"{State}/pods");
        Directory.CreateDirectory($"{stranger.Path}/in");
        Command.Run("mount", "-t", "tmpfs", "none", $"{stranger.Path}/in");
        var cgroup = $"{CgroupTree.Hierarchies().First()}{Crispd.CgroupParent.Path}/podx/{id}";
        Directory.CreateDirectory(cgroup);

        try
        {
            Assert.Empty(await CrispGc.RunAsync(_cri));

            Assert.False(shimOfAnother.HasEnded || shimOfAContainer.HasEnded);
            Assert.True(Directory.Exists(cgroup));
            Assert.Contains(File.ReadLines("/proc/self/mountinfo"), line => line.Contains($"{stranger.Path}/in", StringComparison.Ordinal));
            Assert.Equal("still here", await container.ShellAsync("echo still here"));
        }
        finally
        {
            Command.Run("umount", "-l", $"{stranger.Path}/in");
            Directory.Delete(cgroup);
            Directory.Delete(Path.GetDirectoryName(cgroup)!);
        }

        await theirs.DisposeAsync();
    }

    [Fact]
    public async Task Pod_WhoseRecordCannotBeRead_IsLeftAloneAndTakenOverWhenItCan()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var root = $"/proc/{await container.PidAsync()}/root";
        var record = $"{Crispd.PodDirectory(pod.Id)}/pod.json";
        var content = await File.ReadAllBytesAsync(record);
        await KillAsync();
        await File.WriteAllTextAsync(record, "{ \"version\":");

        await StartAsync();

        var finding = Assert.Single(await CrispGc.RunAsync(_cri));
        Assert.Equal(("pod", pod.Id, "take over"), (finding.Kind, finding.Object, finding.Action));
        Assert.Contains("pod.json", finding.Error, StringComparison.Ordinal);
        Assert.True(File.Exists($"{root}/bin/busybox"));
        Assert.Contains(container.Id, Directory.GetDirectories($"{Root}/containers").Select(path => Path.GetFileName(path)));

        await File.WriteAllBytesAsync(record, content);
        await Eventually.GetAsync(() => CrispGc.RunAsync(_cri), found => found.Count == 0, "the pod is taken over");
        Assert.Equal("still here", await container.ShellAsync("echo still here"));
        await pod.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task Crispd_WhoseUndoOfAPodFailsAtItsStart_ServesAndUndoesItLater()
    {
        var other = await TestPod.RunAsync(_cri);
        var pod = await TestPod.RunAsync(_cri);
        await KillAsync();
        var record = $"{Crispd.PodDirectory(pod.Id)}/pod.json";
        await File.WriteAllTextAsync(record, (await File.ReadAllTextAsync(record)).Replace("\"Ready\"", "\"Creating\"", StringComparison.Ordinal));
        var attachment = Directory.GetFiles($"{Root}/cni", "*.json").Single(file => file.Contains(pod.Id, StringComparison.Ordinal));
        var recorded = await File.ReadAllTextAsync(attachment);
        await File.WriteAllTextAsync(attachment, recorded.Replace("\"bridge\",", "\"nosuchplugin\",", StringComparison.Ordinal));

        await StartAsync();

        Assert.Equal(PodSandboxState.SandboxReady, (await other.StatusAsync()).State);
        Assert.Contains("nosuchplugin", Assert.Single(await CrispGc.RunAsync(_cri)).Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(attachment, recorded);
        await Eventually.GetAsync(() => CrispGc.RunAsync(_cri), found => found.Count == 0, "the pod is undone");
        Assert.False(Directory.Exists(Crispd.PodDirectory(pod.Id)));
        await other.DisposeAsync();
        await pod.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task Crisp_Gc_PrintsWhatItFindsAndWhatItRemoves()
    {
        await SettleAsync();
        var id = NewId();
        Directory.CreateDirectory(Crispd.PodDirectory(id));

        var dry = Command.Run(Artifacts.Binary("crisp"), "--address", $"unix://{Crispd.Socket}", "gc", "--dry-run");
        Assert.Contains("KIND", dry, StringComparison.Ordinal);
        Assert.Contains(Crispd.PodDirectory(id), dry, StringComparison.Ordinal);
        Assert.Contains("would remove 1", dry, StringComparison.Ordinal);

        var json = Command.Run(Artifacts.Binary("crisp"), "--address", $"unix://{Crispd.Socket}", "-o", "json", "gc");
        Assert.Contains($"\"object\": \"{id}\"", json, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Crispd.PodDirectory(id)));
        Assert.Contains("removed 0", Command.Run(Artifacts.Binary("crisp"), "--address", $"unix://{Crispd.Socket}", "gc"), StringComparison.Ordinal);
    }

    private static string NewId() => Guid.NewGuid().ToString("n") + Guid.NewGuid().ToString("n");

    private IEnumerable<string> Leases() => Directory.GetFiles($"{Crispd.Leaks.Leases}/{Crispd.Leaks.Bridge}")
        .Where(file => System.Net.IPAddress.TryParse(Path.GetFileName(file), out _));

    private void PlantMounts(string id)
    {
        Directory.CreateDirectory($"{Crispd.PodDirectory(id)}/ns");
        Directory.CreateDirectory($"{Crispd.PodDirectory(id)}/shm");
        File.WriteAllText($"{Crispd.PodDirectory(id)}/ns/net", "");
        Command.Run("mount", "--bind", "/proc/self/ns/net", $"{Crispd.PodDirectory(id)}/ns/net");
        Command.Run("mount", "-t", "tmpfs", "shm", $"{Crispd.PodDirectory(id)}/shm");
    }

    // As if a pod had been attached whose records are gone: what the server recorded, and the address that host-local reserved.
    private string PlantAttachment(string like, string id)
    {
        var template = Directory.GetFiles($"{Root}/cni", "*.json").Single(file => file.Contains(like, StringComparison.Ordinal));
        File.WriteAllText(
            template.Replace(like, id, StringComparison.Ordinal), File.ReadAllText(template).Replace(like, id, StringComparison.Ordinal));
        var lease = $"{Crispd.Leaks.Leases}/{Crispd.Leaks.Bridge}/{Crispd.Subnet}.250";
        File.WriteAllText(lease, $"{id}\r\neth0");
        return lease;
    }

    // A cgroup with a process in it, in each hierarchy, written down as the server does before a container is made.
    private async Task<List<string>> PlantCgroupAsync(string id)
    {
        var path = $"{Crispd.CgroupParent.Path}/{id}";
        Directory.CreateDirectory($"{State}/cgroups");
        var cgroups = CgroupTree.Hierarchies().Where(hierarchy => !hierarchy.EndsWith("cpuset", StringComparison.Ordinal)).Select(hierarchy => hierarchy + path).ToList();
        cgroups.ForEach(cgroup => Directory.CreateDirectory($"{cgroup}/inner"));
        var process = Process.Start("sleep", "1000");
        _planted.Add(process);
        foreach (var cgroup in cgroups)
        {
            await File.WriteAllTextAsync($"{cgroup}/inner/cgroup.procs", $"{process.Id}");
        }

        await File.WriteAllTextAsync($"{State}/cgroups/{id}", path);
        return cgroups;
    }

    // With what an earlier test left it may still be busy, and would not leave what is planted to be shown.
    private async Task SettleAsync()
    {
        await KillAsync();
        var before = Crispd.Log.Length;
        await StartAsync();
        await Eventually.HoldsAsync(() => Crispd.Log[before..].Contains("nothing is looked for until the next start", StringComparison.Ordinal), "crispd has nothing more to reconcile");
    }

    private async Task KillAsync()
    {
        await Crispd.KillAsync();
        _isDown = true;
    }

    private async Task RestartAsync()
    {
        await KillAsync();
        await StartAsync();
    }

    private async Task StartAsync()
    {
        await Crispd.StartAsync();
        _isDown = false;
        _cri.Reconnect();
        await Eventually.HoldsAsync(() => File.Exists(Crispd.Socket), "crispd listens");
    }
}
