using System.Globalization;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Conformance;

/// <summary>What crispd and its shims gave up, what those that they start got back, and what of crispd's environment they see.</summary>
public sealed class PrivilegeTests : ConformanceTest
{
    private const ulong SysModule = 1ul << 16;
    private const ulong SysTime = 1ul << 25;
    private const ulong NetRaw = 1ul << 13;
    private const ulong SysAdmin = 1ul << 21;

    [CrispdFact]
    public async Task Threads_ThatServe_LackWhatTheyNeverNeed()
    {
        var pod = await RunPodAsync();
        var server = Cri.Crispd!.ProcessId;
        var shim = await pod.ShimPidAsync();

        foreach (var thread in Threads(server).Where(thread => thread.Name.Contains("TP Worker", StringComparison.Ordinal)).Append(new Thread($"/proc/{server}")))
        {
            Assert.Equal(0ul, thread.Mask("CapPrm") & (SysModule | SysTime | NetRaw));
            Assert.Equal(thread.Mask("CapPrm"), thread.Mask("CapEff"));
            Assert.Equal(SysAdmin, thread.Mask("CapEff") & SysAdmin);
        }

        Assert.Equal(0ul, new Thread($"/proc/{shim}").Mask("CapPrm") & (SysModule | SysTime | NetRaw));
        Assert.Equal("0022", new Thread($"/proc/{server}").Field("Umask"));
    }

    // Containers inherit these from whoever started them, so they must be as if crispd had given up nothing.
    [CrispdFact]
    public async Task Containers_OfAnyKind_AreNotLimitedByWhatTheServerGaveUp()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.Privileged = true);
        var own = new Thread("/proc/self");

        var status = await pod.OutputAsync("grep -e ^Cap -e NoNewPrivs /proc/self/status; grep core /proc/self/limits; umask", config => config.Linux.SecurityContext.Privileged = true);

        Assert.Contains($"CapBnd:\t{own.Field("CapBnd")}", status);
        Assert.Contains($"CapEff:\t{own.Field("CapBnd")}", status);
        Assert.Contains("NoNewPrivs:\t0", status);
        Assert.EndsWith("0022", status);
        Assert.Equal(File.ReadLines("/proc/self/limits").Single(line => line.Contains("core", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6],
            status.Split('\n').Single(line => line.Contains("core", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6]);
    }

    // The kernel asks the shim's capabilities too, since it has mounted the overlayfs.
    [CrispdFact]
    public async Task Container_WithTheUsualCapabilities_MayMakeDevicesAndWhiteouts()
    {
        var pod = await RunPodAsync();

        Assert.Equal("made", await pod.OutputAsync("rm /etc/group && mknod /null c 1 3 && test -c /null && chown 5:6 /null && chmod 4755 /bin && echo made"));
    }

    // Only with CAP_SYS_PTRACE may anyone look into a process that is not dumpable (ptrace(2)), even one that may do all else.
    [CrispdFact]
    public void Memory_OfTheServer_IsNotDumped()
    {
        var seen = Command.Run("setpriv", "--bounding-set", "-sys_ptrace", "/bin/sh", "-c", $"readlink /proc/{Cri.Crispd!.ProcessId}/exe || echo refused");

        Assert.Equal("refused", seen.Trim());
    }

    [CrispdFact]
    public async Task OomScore_OfAShim_IsOneAboveTheServersAndAContainersItsOwn()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Linux.Resources = new LinuxContainerResources { OomScoreAdj = 321 });

        Assert.Equal(Math.Min(Score(Cri.Crispd!.ProcessId) + 1, 1000), Score(await pod.ShimPidAsync()));
        Assert.Equal(321, Score(await container.PidAsync()));
    }

    [CrispdFact]
    public async Task Environment_OfTheServer_IsNotHandedOn()
    {
        const string Secret = "proxy-password-of-the-test";
        using var programs = new TemporaryDirectory("programs");
        using var seen = new TemporaryDirectory("seen");
        var runtime = NodeSettings.FromEnvironment.Runtime ?? "runc";
        var wrapper = programs.File(runtime, $"#!/bin/sh\nenv > {seen.Path}/$$\nexec {runtime} \"$@\"\n");
        File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var settings = NodeSettings.FromEnvironment with
        {
            Runtime = null,
            Configuration = $"runtimes: {{ default: wrapped, handlers: {{ wrapped: {{ path: {wrapper} }} }} }}\n",
            Environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = $"http://user:{Secret}@proxy.test", ["SOME_TOKEN"] = Secret },
        };
        await using var cri = await CriEndpoint.StartAsync(settings);
        var pod = await TestPod.RunAsync(cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        await container.ExecAsync(["true"]);
        var shim = await pod.ShimPidAsync();

        Assert.Contains(Secret, Environment(cri.Crispd!.ProcessId));
        Assert.DoesNotContain(Secret, Environment(shim));
        Assert.Contains("PATH=", Environment(shim));
        Assert.DoesNotContain(Secret, Environment(await container.PidAsync()));
        Assert.DoesNotContain("SOME_TOKEN", await container.ShellAsync("env"));
        var status = await cri.Runtime.StatusAsync(new StatusRequest { Verbose = true });
        Assert.DoesNotContain(Secret, status.ToString());
        Assert.DoesNotContain(Secret, cri.Crispd.Log);
        foreach (var file in Directory.EnumerateFiles(seen.Path))
        {
            Assert.DoesNotContain(Secret, await File.ReadAllTextAsync(file));
        }

        Assert.NotEmpty(Directory.EnumerateFiles(seen.Path));
        await pod.DisposeAsync();
    }

    [CrispdFact]
    public async Task Descriptors_ThatTheServerWasStartedWith_AreNotHandedOn()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"]);

        Assert.Equal("/dev/zero", File.ResolveLinkTarget($"/proc/{Cri.Crispd!.ProcessId}/fd/{BackgroundProcess.Inherited}", returnFinalTarget: false)?.FullName);
        foreach (var pid in new[] { await pod.ShimPidAsync(), await container.PidAsync() })
        {
            var open = Directory.EnumerateFiles($"/proc/{pid}/fd").Select(path => new FileInfo(path).LinkTarget).ToList();
            Assert.Contains("/dev/null", open);
            Assert.DoesNotContain("/dev/zero", open);
        }
    }

    private static int Score(int pid) => int.Parse(File.ReadAllText($"/proc/{pid}/oom_score_adj"), CultureInfo.InvariantCulture);

    private static string Environment(int pid) => File.ReadAllText($"/proc/{pid}/environ");

    private static IEnumerable<Thread> Threads(int pid) => Directory.EnumerateDirectories($"/proc/{pid}/task").Select(path => new Thread(path));

    /// <summary>A process or thread below /proc.</summary>
    private sealed record Thread(string Path)
    {
        private readonly string _status = Read(Path + "/status");

        internal string Name => Field("Name");

        internal string Field(string name) => _status.Split('\n').FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..].Trim() ?? "";

        internal ulong Mask(string name) => ulong.Parse(Field(name), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        // A thread may end while it is looked at.
        private static string Read(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (IOException)
            {
                return "";
            }
        }
    }
}
