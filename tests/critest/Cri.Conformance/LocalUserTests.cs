using System.Net;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Xunit;

namespace Cri.Conformance;

/// <summary>What a local user who is nobody special finds: no socket that answers, no file that is not meant for all, no way to become root.</summary>
public sealed class LocalUserTests : ConformanceTest
{
    private const string Nobody = "65534";
    private static readonly string[] _private = ["/pods/", "/root/layers/", "/root/containers/", "/root/blobs/", "/root/images/"];

    [CrispdFact]
    public async Task Sockets_OfServerAndShims_AreRootsAlone()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sh", "-c", "sleep 1000"], config => config.Tty = true);

        Assert.Equal("660 0 0 socket", Status(Cri.SocketPath));
        Assert.Equal("600 0 0 socket", Status(Path.Combine(Cri.Crispd!.PodDirectory(pod.Id), "shim.sock")));
        var sockets = Command.Run("find", Cri.Crispd.PodDirectory(pod.Id), "-type", "s").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(sockets, socket => Assert.Equal("600 0 0 socket", Status(socket)));

        // To connect is to write (unix(7)).
        Assert.Empty(AsNobody("-w", [Cri.SocketPath, .. sockets]));
        Assert.Equal(["/dev/null"], AsNobody("-w", ["/dev/null"]));

        // An abstract socket has no mode: there must be none.
        var ours = new[] { Cri.Crispd.ProcessId, await pod.ShimPidAsync() }.SelectMany(Sockets).ToHashSet();
        var bound = File.ReadLines("/proc/net/unix").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 7 && ours.Contains(fields[6])).Select(fields => fields[7]).ToList();
        Assert.NotEmpty(bound);
        Assert.DoesNotContain(bound, name => name.StartsWith('@'));
        Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
    }

    [CrispdFact]
    public async Task TcpListeners_OfTheServer_AreOnLoopback()
    {
        var pod = await RunPodAsync();
        var ours = Sockets(Cri.Crispd!.ProcessId).Concat(Sockets(await pod.ShimPidAsync())).ToHashSet();

        var listeners = File.ReadLines("/proc/net/tcp").Concat(File.Exists("/proc/net/tcp6") ? File.ReadLines("/proc/net/tcp6") : [])
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[3] == "0A" && ours.Contains(fields[9]))
            .Select(fields => fields[1].Split(':')[0]).ToList();

        Assert.Equal(["0100007F"], listeners);
        Assert.True(IPAddress.IsLoopback(new IPAddress(Convert.ToUInt32(listeners[0], 16))));
    }

    [CrispdFact]
    public async Task SetuidProgram_InAnImageOrAContainersLayer_CannotBeReachedFromTheHost()
    {
        const UnixFileMode Setuid = (UnixFileMode)0xFED; // 7755
        var image = await Cri.PullAsync(new TestImage
        {
            Name = "setuid:v1",
            Files = [new TestFile("bin/rootshell", File.ReadAllBytes("/bin/busybox"), Setuid)],
        });
        var pod = await RunPodAsync();
        var container = await pod.StartScriptAsync(
            "cp /bin/busybox /planted && chmod 6755 /planted && echo planted && sleep 1000", config => config.Image.Image = image);
        await container.LoggedAsync("planted");
        var roots = Cri.Crispd!.Leaks.Directories;

        var programs = Find([.. roots, "-xdev", "-perm", "-4000", "-type", "f"])
            .Where(path => path.Contains("/layers/", StringComparison.Ordinal) || path.EndsWith("/planted", StringComparison.Ordinal))
            .Append($"{Cri.Crispd.PodDirectory(pod.Id)}/{container.Id}/rootfs/planted")
            .Append($"{Cri.Crispd.PodDirectory(pod.Id)}/{container.Id}/rootfs/bin/rootshell").ToList();

        Assert.Contains(programs, path => path.Contains("/layers/", StringComparison.Ordinal));
        Assert.Contains(programs, path => path.Contains("/containers/", StringComparison.Ordinal));
        Assert.All(programs, path => Assert.True(File.Exists(path), path));
        Assert.Empty(AsNobody("-e", programs));
    }

    [CrispdFact]
    public async Task Files_OfServerAndPods_AreNotReadableByOthers()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Envs.Add(new KeyValue { Key = "SECRET", Value = "s3cret" }));
        await container.ExecAsync(["true"]);

        foreach (var directory in Cri.Crispd!.Leaks.Directories)
        {
            var files = Find([directory, "-xdev", "-type", "f"]);
            Assert.Empty(AsNobody("-e", files.Where(path => _private.Any(part => path.Contains(part, StringComparison.Ordinal)))));
        }

        foreach (var name in new[] { "config.json", "container.json" })
        {
            Assert.StartsWith("600 0 0", Status($"{Cri.Crispd.PodDirectory(pod.Id)}/{container.Id}/{name}"));
        }

        Assert.StartsWith("600 0 0", Status(Cri.Crispd.PodDirectory(pod.Id) + "/shim.log"));
        Assert.StartsWith("600 0 0", Status(Cri.Crispd.PodDirectory(pod.Id) + "/pod.json"));
    }

    [CrispdFact]
    public async Task UserNamespacePod_Directory_IsPassableForItsRootAlone()
    {
        var range = new IDMapping { HostId = 6_000_000, Length = 65536 };
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.UsernsOptions =
            new UserNamespace { Mode = NamespaceMode.Pod, Uids = { range }, Gids = { range } });
        var container = await pod.StartAsync(["sleep", "1000"]);

        Assert.Equal("710 0 6000000 directory", Status(Cri.Crispd!.PodDirectory(pod.Id)));
        Assert.Equal("710 0 6000000 directory", Status($"{Cri.Crispd.PodDirectory(pod.Id)}/{container.Id}"));
        Assert.Empty(AsNobody("-e", [$"{Cri.Crispd.PodDirectory(pod.Id)}/{container.Id}/rootfs/bin/busybox"]));
    }

    // Other tests' pods come and go meanwhile, and find(1) fails for each directory that it does not meet again.
    private static string[] Find(string[] arguments) =>
        Command.Run("/bin/sh", ["-c", "find \"$@\" 2>/dev/null || true", "sh", .. arguments]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Status(string path) => Command.Run("stat", "-c", "%a %u %g %F", path).Trim();

    // Those of the paths for which test(1) answers yes to a user without any rights of root's.
    private static string[] AsNobody(string question, IEnumerable<string> paths)
    {
        string[] nobody = ["--reuid", Nobody, "--regid", Nobody, "--clear-groups", "--inh-caps=-all", "--no-new-privs"];
        var script = $"for path; do test {question} \"$path\" && echo \"$path\"; done; true";
        return Command.Run("setpriv", [.. nobody, "/bin/sh", "-c", script, "sh", .. paths]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    // The inodes of a process's sockets.
    private static IEnumerable<string> Sockets(int pid) => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd")
        .Select(path => new FileInfo(path).LinkTarget ?? "").Where(target => target.StartsWith("socket:[", StringComparison.Ordinal))
        .Select(target => target[8..^1]);
}
