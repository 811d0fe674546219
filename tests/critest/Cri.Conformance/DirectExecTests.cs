using System.Text.Json.Nodes;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>
/// Commands that are started without the OCI runtime are what the runtime's own exec makes of them, in everything that the kernel tells
/// of a process; and where they cannot be, the runtime does it.
/// </summary>
[Trait("Depends", "cgroup")]
public sealed class DirectExecTests(DirectExecTests.WatchedRuntime fixture) : IClassFixture<DirectExecTests.WatchedRuntime>, IAsyncLifetime
{
    // What is the same for any two processes of a container that are started alike.
    private const string Portrait = """
        grep -E '^(Umask|Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters|Speculation_.*|SigBlk|SigIgn|THP_enabled|Cpus_allowed|Mems_allowed):' /proc/$$/status
        cat /proc/$$/limits /proc/$$/cgroup /proc/$$/oom_score_adj /proc/$$/loginuid
        for ns in cgroup ipc mnt net pid pid_for_children time user uts; do readlink /proc/$$/ns/$ns; done
        readlink /proc/$$/cwd; readlink /proc/$$/root
        grep -c _ses.CONTAINER /proc/keys
        set -- $(cut -d' ' -f4-8 /proc/$$/stat)
        echo "parent $1 group leader $(test $2 = $$ && echo yes) session leader $(test $3 = $$ && echo yes) terminal $4 foreground $5"
        for fd in 0 1 2; do stat -L -c '%F %u:%g' /proc/$$/fd/$fd; done
        cat /proc/$$/environ | tr '\0' '\n' | sort
        """;

    private TestPod _pod = null!;

    public async Task InitializeAsync() => _pod = await TestPod.RunAsync(fixture.Cri);

    public async Task DisposeAsync() => await _pod.DisposeAsync();

    [Theory]
    [InlineData("usual")]
    [InlineData("unprivileged")]
    [InlineData("user")]
    [InlineData("ambient")]
    [InlineData("home")]
    public async Task Exec_OfAContainer_IsWhatTheRuntimeMakesOfIt(string kind)
    {
        if (!fixture.IsRunc)
        {
            return;
        }

        var container = await _pod.StartAsync(["sleep", "1000000"], config => Change(config, kind));
        var calls = fixture.Execs;

        var made = await container.ExecAsync(["sh", "-c", PortraitOf(container)]);

        Assert.Equal("", made.Stderr.ToStringUtf8().ReplaceLineEndings(" "));
        Assert.Equal(calls, fixture.Execs);
        Assert.Equal(await fixture.RunAsync(container, PortraitOf(container)), made.Stdout.ToStringUtf8());
    }

    [CrispdFact]
    public async Task Exec_InAPrivilegedContainer_IsWhatTheRuntimeMakesOfIt()
    {
        if (!fixture.IsRunc)
        {
            return;
        }

        await using var pod = await TestPod.RunAsync(fixture.Cri, config => config.Linux.SecurityContext.Privileged = true);
        var container = await pod.StartAsync(["sleep", "1000000"], config => config.Linux.SecurityContext.Privileged = true);
        var calls = fixture.Execs;

        var made = await container.ShellAsync(PortraitOf(container));

        Assert.Equal(calls, fixture.Execs);
        Assert.Equal((await fixture.RunAsync(container, PortraitOf(container))).TrimEnd('\n'), made);
    }

    [CrispdFact]
    public async Task Exec_InAPodWithOneProcessTree_IsWhatTheRuntimeMakesOfIt()
    {
        if (!fixture.IsRunc)
        {
            return;
        }

        static void Share(NamespaceOption options) => (options.Pid, options.Network, options.Ipc) = (NamespaceMode.Pod, NamespaceMode.Node, NamespaceMode.Node);
        await using var pod = await TestPod.RunAsync(fixture.Cri, config => Share(config.Linux.SecurityContext.NamespaceOptions));
        var container = await pod.StartAsync(["sleep", "1000000"], config => Share(config.Linux.SecurityContext.NamespaceOptions));
        var calls = fixture.Execs;

        var made = await container.ShellAsync(PortraitOf(container));

        Assert.Equal(calls, fixture.Execs);
        Assert.Equal((await fixture.RunAsync(container, PortraitOf(container))).TrimEnd('\n'), made);
    }

    [Theory]
    [InlineData("default", false)]
    [InlineData("default", true)]
    [InlineData("own", false)]
    public async Task Exec_UnderAFilterOfSystemCalls_HasTheRuntimes(string profile, bool noNewPrivileges)
    {
        if (!fixture.IsRunc)
        {
            return;
        }

        var container = await _pod.StartAsync(["sleep", "1000000"], config =>
        {
            config.Linux.SecurityContext.NoNewPrivs = noNewPrivileges;
            config.Linux.SecurityContext.Seccomp = profile == "default"
                ? new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault }
                : new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.Localhost, LocalhostRef = fixture.Profile };
        });
        var calls = fixture.Execs;
        var theirs = await fixture.RunAsync(container, PortraitOf(container));
        await fixture.RunAsync(container, "sleep 7654321 >/dev/null 2>&1 &");

        var made = await container.ShellAsync(PortraitOf(container));
        await container.ShellAsync("sleep 1234567 >/dev/null 2>&1 &");

        Assert.Equal(theirs.TrimEnd('\n'), made);
        Assert.Contains("Seccomp:\t2", made);
        Assert.Equal(calls, fixture.Execs);
        if (FilterOfProcess.Read(await PidAsync("7654321")) is { } filter)
        {
            AssertSame(filter, FilterOfProcess.Read(await PidAsync("1234567"))!);
        }
    }

    [CrispdFact]
    public async Task Exec_OfNothingThatExists_FailsInTheRuntimesWords()
    {
        var container = await _pod.StartAsync(["sleep", "1000000"]);

        var error = await Assert.ThrowsAsync<RpcException>(() => container.ExecAsync(["no-such-program"]));

        Assert.Contains("no-such-program", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("not found", error.Status.Detail, StringComparison.Ordinal);
    }

    [CrispdFact]
    public async Task Exec_InADirectoryThatIsGone_FailsInTheRuntimesWords()
    {
        var container = await _pod.StartAsync(["sleep", "1000000"], config => config.WorkingDir = "/gone");
        await container.ShellAsync("cd / && rmdir /gone");

        var error = await Assert.ThrowsAsync<RpcException>(() => container.ExecAsync(["true"]));

        Assert.Contains("/gone", error.Status.Detail, StringComparison.Ordinal);
    }

    [CrispdFact]
    public async Task Exec_WithAnExitCodeAndBothStreams_GivesThem()
    {
        var container = await _pod.StartAsync(["sleep", "1000000"]);

        var made = await container.ExecAsync(["sh", "-c", "echo out; echo err >&2; echo more >/dev/stdout; exit 7"]);

        Assert.Equal((7, "out\nmore\n", "err\n"), (made.ExitCode, made.Stdout.ToStringUtf8(), made.Stderr.ToStringUtf8()));
    }

    [CrispdFact]
    public async Task Exec_OfAProgram_HasItsStandardStreamsOnly()
    {
        var container = await _pod.StartAsync(["sleep", "1000000"]);

        var made = await container.ExecAsync(["ls", "/proc/self/fd"]);

        // The last one is how it lists them.
        Assert.Equal("0\n1\n2\n3\n", made.Stdout.ToStringUtf8());
    }

    private static string PortraitOf(TestContainer container) => Portrait.Replace("CONTAINER", container.Id, StringComparison.Ordinal);

    // All calls that there are, and some that there are not, on all architectures, with arguments that some rule looks at.
    private static void AssertSame(BpfProgram expected, BpfProgram actual)
    {
        uint[] architectures = [0xC000003E, 0x40000003, 0xC00000B7, 0x40000028];
        ulong[][] arguments = [[], [0x10000000, 1], [8, 0x20008], [0xffffffff, 2], [38, 40], [40, 38], [2, 2, 2, 2, 2, 2], [ulong.MaxValue, 9]];
        foreach (var architecture in architectures)
        {
            foreach (var number in Enumerable.Range(0, 1200).Select(number => (uint)number).SelectMany(number => (uint[])[number, number | 1 << 30]).Append(uint.MaxValue))
            {
                foreach (var words in arguments)
                {
                    var (theirs, ours) = (expected.Answer(architecture, number, words), actual.Answer(architecture, number, words));
                    Assert.True(theirs == ours, $"call {number} on {architecture:x} with {string.Join(' ', words)}: the runtime's filter says {theirs:x}, ours {ours:x}");
                }
            }
        }
    }

    private static Task<int> PidAsync(string argument) => Eventually.GetAsync(
        () => Task.FromResult(Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(int.Parse!)
            .FirstOrDefault(pid => CommandLine(pid) == $"sleep\0{argument}\0")),
        pid => pid > 0,
        $"sleep {argument} runs");

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void Change(ContainerConfig config, string kind)
    {
        var security = config.Linux.SecurityContext;
        switch (kind)
        {
            case "unprivileged":
                security.Capabilities = new Capability { DropCapabilities = { "ALL" } };
                security.NoNewPrivs = true;
                security.RunAsUser = new Int64Value { Value = 1000 };
                security.RunAsGroup = new Int64Value { Value = 2000 };
                security.SupplementalGroups.Add([3000, 4000]);
                break;
            case "user":
                security.RunAsUser = new Int64Value { Value = 65534 };
                config.WorkingDir = "/tmp";
                config.Linux.Resources = new LinuxContainerResources { OomScoreAdj = 765, MemoryLimitInBytes = 64 << 20, CpuShares = 200 };
                break;
            case "ambient":
                security.RunAsUser = new Int64Value { Value = 1 };
                security.Capabilities = new Capability { AddAmbientCapabilities = { "NET_BIND_SERVICE", "CHOWN" }, AddCapabilities = { "SYS_PTRACE" } };
                break;
            case "home":
                config.Envs.Add([new KeyValue { Key = "HOME", Value = "/elsewhere" }, new KeyValue { Key = "EMPTY", Value = "" }, new KeyValue { Key = "LINES", Value = "a\nb" }]);
                break;
        }
    }

    /// <summary>A crispd whose OCI runtime is the one under test, and writes down when it is asked for an exec.</summary>
    public sealed class WatchedRuntime : IAsyncLifetime
    {
        private readonly TemporaryDirectory _directory = new("programs", "/var/tmp");
        private readonly string _runtime = NodeSettings.FromEnvironment.Runtime ?? "runc";

        /// <summary>The endpoint.</summary>
        public CriEndpoint Cri { get; private set; } = null!;

        /// <summary>True when the one runtime is under test whose execs are made without it.</summary>
        public bool IsRunc => _runtime == "runc" && Cri.Crispd is not null;

        /// <summary>A profile with all there can be in one.</summary>
        public string Profile { get; private set; } = "";

        /// <summary>How many execs the runtime was asked for.</summary>
        public int Execs => File.Exists(Calls) ? File.ReadAllLines(Calls).Length : 0;

        private string Calls => Path.Combine(_directory.Path, "calls");

        /// <summary>What a shell script writes that the runtime itself is asked to run, in a container, as the same process.</summary>
        public async Task<string> RunAsync(TestContainer container, string script)
        {
            var bundle = Path.Combine(Cri.Crispd!.PodDirectory(container.Pod.Id), container.Id);
            var process = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(bundle, "config.json")))!["process"]!.DeepClone();
            process["args"] = new JsonArray("sh", "-c", script);
            process["terminal"] = false;
            var file = _directory.File("process.json", process.ToJsonString());
            var root = Path.Combine(Cri.Crispd.State, "oci", "watched");
            return Command.Run("sh", "-c", $"exec {_runtime} --root {root} exec --detach --process {file} {container.Id} </dev/null");
        }

        /// <inheritdoc/>
        public async Task InitializeAsync()
        {
            var wrapper = _directory.File(_runtime, $"#!/bin/sh\ncase \" $* \" in *' exec '*) echo exec >>{Calls} ;; esac\nexec {_runtime} \"$@\"\n");
            File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Profile = _directory.File("profile.json", """
                {
                  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 13, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
                  "syscalls": [
                    { "names": ["mkdir", "mkdirat", "no_such_call_at_all"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77 },
                    { "names": ["swapon"], "action": "SCMP_ACT_KILL_PROCESS" },
                    { "names": ["swapoff"], "action": "SCMP_ACT_TRAP" },
                    { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 8, "op": "SCMP_CMP_EQ" }] },
                    { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ" }] },
                    { "names": ["socket"], "action": "SCMP_ACT_LOG", "args": [{ "index": 0, "value": 38, "op": "SCMP_CMP_LT" }, { "index": 1, "value": 3, "op": "SCMP_CMP_NE" }] },
                    { "names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 3, "op": "SCMP_CMP_GT" }, { "index": 0, "value": 1, "op": "SCMP_CMP_LE" }] },
                    { "names": ["unshare"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 268435456, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }] },
                    {
                      "names": [
                        "access", "arch_prctl", "brk", "capget", "capset", "chdir", "clone", "clone3", "close", "close_range", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait",
                        "execve", "exit", "exit_group", "faccessat", "faccessat2", "fchown", "fcntl", "fork", "fstat", "fstatfs", "futex", "getcwd", "getdents64", "getegid", "geteuid", "getgid", "getpid",
                        "getppid", "getrandom", "gettid", "getuid", "ioctl", "kill", "lseek", "lstat", "madvise", "mmap", "mprotect", "munmap", "nanosleep", "clock_nanosleep", "newfstatat", "open", "openat", "pipe", "pipe2", "poll",
                        "prctl", "prlimit64", "read", "readlink", "readlinkat", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "seccomp", "set_robust_list", "set_tid_address",
                        "setgid", "setgroups", "setresgid", "setresuid", "setsid", "setuid", "sigaltstack", "stat", "statfs", "statx", "tgkill", "umask", "uname", "vfork", "wait4", "waitid", "write", "keyctl"
                      ],
                      "action": "SCMP_ACT_ALLOW"
                    }
                  ]
                }
                """);
            Cri = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with
            {
                Runtime = null,
                Configuration = $"runtimes: {{ default: watched, handlers: {{ watched: {{ path: {wrapper} }} }} }}\n",
            });
        }

        /// <inheritdoc/>
        public async Task DisposeAsync()
        {
            await Cri.Leaks.AssertNothingAsync();
            await Cri.DisposeAsync();
            _directory.Dispose();
        }
    }
}
