using Cri.Linux;
using Cri.RuntimeService.Runtimes;
using Xunit;

namespace Cri.RuntimeService.Tests.Runtimes;

public sealed class OciRuntimesTests : IDisposable
{
    private const string Runc = "/usr/sbin/runc";
    private readonly string _root = Directory.CreateTempSubdirectory("crisp-runtimes-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task ProbeAsync_Runc_RunsAContainerAndLeavesNothing()
    {
        Link("runc");

        var runtimes = await ProbeAsync();

        Assert.Equal(("runc", Path.Combine(_root, "runc")), (runtimes.Default.Handler, runtimes.Default.Path));
        Assert.True(runtimes.Default.Probe.Passed);
        Assert.StartsWith("runc 1.", runtimes.Default.Probe.Version, StringComparison.Ordinal);
        Assert.True(runtimes.Default.Probe.Features!.UserNamespaces);
        Assert.Contains("crun is not installed", runtimes.Explanation, StringComparison.Ordinal);
        Assert.Equal(["runtimes.json"], Directory.GetFileSystemEntries(State).Select(Path.GetFileName));
    }

    [Fact]
    public async Task ProbeAsync_FirstCandidateFails_SaysItsWordsAndTakesTheNext()
    {
        Script("crun", """echo '{"level":"error","msg":"cgroups in hybrid mode not supported"}' > "$4"; exit 1""");
        Link("runc");

        var runtimes = await ProbeAsync();

        Assert.Equal("runc", runtimes.Default.Handler);
        Assert.Contains("create: cgroups in hybrid mode not supported", runtimes.Explanation, StringComparison.Ordinal);
        Assert.Null(runtimes.Find("crun"));
        Assert.Same(runtimes.Default, runtimes.Find(""));
    }

    [Fact]
    public async Task ProbeAsync_FirstCandidateWorks_TakesIt()
    {
        Script("crun", $"""exec {Runc} "$@" """);
        Link("runc");

        var runtimes = await ProbeAsync();

        Assert.Equal("crun", runtimes.Default.Handler);
        Assert.Equal(["crun", "runc"], runtimes.Handlers.Select(handler => handler.Handler).Order());
    }

    [Fact]
    public async Task ProbeAsync_RuntimeHangs_IsGivenUp()
    {
        Script("crun", """case "$*" in *create*) sleep 1000;; esac""");
        Link("runc");

        var runtimes = await OciRuntimes.ProbeAsync(Options() with { ProbeTimeout = TimeSpan.FromSeconds(30) }, CancellationToken.None);

        Assert.Equal("runc", runtimes.Default.Handler);
        Assert.Contains("create: did not end within 30 s and was killed", runtimes.Explanation, StringComparison.Ordinal);
        Assert.DoesNotContain("crun", File.ReadAllText(Path.Combine(State, "runtimes.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeAsync_ContainerNeverRuns_IsNoPass()
    {
        Script("crun", $"""
            case "$*" in *" start "*) exec {Runc} --root "$2" kill "$8" KILL;; esac
            exec {Runc} "$@"
            """);
        Link("runc");

        var runtimes = await ProbeAsync();

        Assert.Equal("runc", runtimes.Default.Handler);
        Assert.Contains("the container's process ended before it ran its program", runtimes.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeAsync_StateOnANoexecTmpfs_Passes()
    {
        Link("runc");
        Directory.CreateDirectory(State);
        Mount.Make("tmpfs", "tmpfs", State, ["noexec", "nosuid", "nodev"]);
        try
        {
            Assert.True((await ProbeAsync()).Default.Probe.Passed);
        }
        finally
        {
            Mount.UnmountAll(State);
        }
    }

    [Fact]
    public async Task ProbeAsync_NoneWorks_SaysWhyOfEach()
    {
        Script("crun", "echo broken >&2; exit 1");

        var error = await Assert.ThrowsAsync<RuntimeUnavailableException>(ProbeAsync);

        Assert.False(File.Exists(Path.Combine(State, "runtimes.json")));
        Assert.Contains("create: broken", error.Message, StringComparison.Ordinal);
        Assert.Contains("runc is not installed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeAsync_ConfiguredHandlerFails_IsReportedAndNotFatal()
    {
        Link("runc");
        var handlers = new Dictionary<string, string> { ["kata"] = "/no/such/runtime", ["mine"] = Runc };

        var runtimes = await OciRuntimes.ProbeAsync(Options() with { Handlers = handlers }, CancellationToken.None);

        Assert.False(runtimes.Find("kata")!.Probe.Passed);
        Assert.True(runtimes.Find("mine")!.Probe.Passed);
        Assert.Contains("kata (/no/such/runtime) does not work here", runtimes.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeAsync_ConfiguredDefault_OverridesTheOrder()
    {
        Script("crun", $"""exec {Runc} "$@" """);
        Link("runc");

        var runtimes = await OciRuntimes.ProbeAsync(Options() with { Default = "runc" }, CancellationToken.None);

        Assert.Equal("runc", runtimes.Default.Handler);
    }

    [Theory]
    [InlineData("kata", "the default runtime does not work: kata (/no/such/runtime)")]
    [InlineData("gvisor", "the default runtime gvisor is neither")]
    public async Task ProbeAsync_ConfiguredDefaultFails_IsFatal(string handler, string words)
    {
        Link("runc");
        var options = Options() with { Default = handler, Handlers = new Dictionary<string, string> { ["kata"] = "/no/such/runtime" } };

        var error = await Assert.ThrowsAsync<RuntimeUnavailableException>(() => OciRuntimes.ProbeAsync(options, CancellationToken.None));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeAsync_SameBinaryAgain_IsNotRunAgain()
    {
        var log = Path.Combine(_root, "calls");
        Script("runc", $"""echo "$*" >> {log}; exec {Runc} "$@" """);
        await ProbeAsync();
        var calls = File.ReadAllLines(log).Length;

        var again = await ProbeAsync();
        Assert.Equal(calls, File.ReadAllLines(log).Length);
        Assert.True(again.Default.Probe.Features!.UserNamespaces);

        File.AppendAllText(Path.Combine(_root, "runc"), "# another binary\n");
        await ProbeAsync();
        Assert.True(File.ReadAllLines(log).Length > calls);
    }

    [Fact]
    public async Task ProbeAsync_ResultsDamaged_ProbesAgain()
    {
        Link("runc");
        Directory.CreateDirectory(State);
        File.WriteAllText(Path.Combine(State, "runtimes.json"), "{\"bootId\":");

        Assert.True((await ProbeAsync()).Default.Probe.Passed);
    }

    [Fact]
    public async Task ProbeAsync_LeftOfAKilledProbe_IsRemoved()
    {
        Link("runc");
        Directory.CreateDirectory(Path.Combine(State, "crisp-probe-0123456789ab", "rootfs"));

        await ProbeAsync();

        Assert.Equal(["runtimes.json"], Directory.GetFileSystemEntries(State).Select(Path.GetFileName));
    }

    private string State => Path.Combine(_root, "state");

    private OciRuntimesOptions Options() => new() { StateDirectory = State, SearchPath = [_root] };

    private Task<OciRuntimes> ProbeAsync() => OciRuntimes.ProbeAsync(Options(), CancellationToken.None);

    private void Link(string name) => File.CreateSymbolicLink(Path.Combine(_root, name), Runc);

    // The runtime's options come first: --root ROOT --log LOG --log-format json COMMAND ...
    private void Script(string name, string body)
    {
        var path = Path.Combine(_root, name);
        File.WriteAllText(path, $"#!/bin/sh\ncase \"$1\" in --version) echo {name} version 1.2.3; exit;; esac\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
