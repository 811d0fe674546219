using Cri.Oci.Runtime;
using Cri.RuntimeService.Execs;
using Cri.RuntimeService.Runtimes;
using Cri.Testing;
using Xunit;

namespace Cri.RuntimeService.Tests.Execs;

/// <summary>What is left to the OCI runtime, and what is not. What becomes of it is tested with containers.</summary>
public sealed class DirectExecTests
{
    private const uint X64 = 0xC000003E;
    private const uint NotPermitted = 0x50001;
    private const uint Allowed = 0x7fff0000;

    private static readonly ProcessSpec _process = new() { Args = ["true"], Env = ["PATH=/bin:/usr/bin", "A=b"], Cwd = "/" };
    private static readonly RuntimeSpec _container = new() { OciVersion = "1.0.2", Linux = new LinuxSpec { Namespaces = [new NamespaceSpec("mount"), new NamespaceSpec("pid")] } };
    private static readonly SeccompSpec _filter = new() { DefaultAction = "SCMP_ACT_ERRNO", Architectures = ["SCMP_ARCH_X86_64"], Syscalls = [new SyscallSpec(["read"], "SCMP_ACT_ALLOW")] };

    [Fact]
    public void Program_OfAPlainCommand_IsMade() => Assert.NotNull(Program(_container, _process));

    [Fact]
    public void Program_OfACommandByItsPath_NeedsNoPath() => Assert.NotNull(Program(_container, _process with { Args = ["/bin/true"], Env = [] }));

    public static TheoryData<string> ForTheRuntime =>
        ["terminal", "apparmor", "selinux", "user namespace", "time namespace", "directory", "relative path", "no path", "variable twice", "no variable", "zero", "no command", "empty command", "filter flags", "filter listener", "filter architecture"];

    [Theory]
    [MemberData(nameof(ForTheRuntime))]
    public void Program_OfWhatItDoesNotKnow_IsLeftToTheRuntime(string what)
    {
        var process = what switch
        {
            "terminal" => _process with { Terminal = true },
            "apparmor" => _process with { ApparmorProfile = "crisp-default" },
            "selinux" => _process with { SelinuxLabel = "system_u:system_r:container_t:s0:c1,c2" },
            "directory" => _process with { Cwd = "tmp" },
            "relative path" => _process with { Env = ["PATH=/bin:."] },
            "no path" => _process with { Env = [] },
            "variable twice" => _process with { Env = [.. _process.Env, "A=c"] },
            "no variable" => _process with { Env = [.. _process.Env, "A"] },
            "zero" => _process with { Args = ["echo", "a\0b"] },
            "no command" => _process with { Args = [] },
            "empty command" => _process with { Args = [""] },
            _ => _process,
        };
        var container = what switch
        {
            "user namespace" => WithNamespace("user"),
            "time namespace" => WithNamespace("time"),
            "filter flags" => WithFilter(_filter with { Flags = ["SECCOMP_FILTER_FLAG_LOG"] }),
            "filter listener" => WithFilter(_filter with { ListenerPath = "/run/agent.sock" }),
            "filter architecture" => WithFilter(_filter with { Architectures = ["SCMP_ARCH_MIPS"] }),
            _ => _container,
        };

        Assert.Null(Program(container, process));
    }

    [Fact]
    public void Program_UnderAFilter_IsMade() => Assert.NotNull(Program(WithFilter(_filter), _process));

    [Theory]
    [InlineData("runc 1.1.5", true)]
    [InlineData("crun 1.8.1", false)]
    [InlineData("NVIDIA Container Runtime 1.17.0", false)]
    [InlineData("runsc release-20250101.0", false)]
    [InlineData("kata-runtime  : 3.2.0", false)]
    [InlineData("", false)]
    public void IsRunc_OfWhatARuntimeSaysItIs_IsTrueForRuncAlone(string version, bool isRunc) =>
        Assert.Equal(isRunc, new RuntimeProbe { Passed = true, Version = version }.IsRunc);

    [Theory]
    [InlineData(0u, Allowed)]
    [InlineData(1u, NotPermitted)]
    public void Compile_OfRules_AnswersByThem(uint number, uint answer) =>
        Assert.Equal(answer, new BpfProgram(ExecFilter.Compile(_filter with { Syscalls = [.. _filter.Syscalls!, new SyscallSpec(["mount"], "SCMP_ACT_ALLOW")] })).Answer(X64, number));

    private static byte[]? Program(RuntimeSpec container, ProcessSpec process) =>
        DirectExec.Program(container, process, "id", Environment.ProcessId, [1, 2]);

    private static RuntimeSpec WithNamespace(string type) =>
        _container with { Linux = _container.Linux! with { Namespaces = [.. _container.Linux.Namespaces, new NamespaceSpec(type)] } };

    private static RuntimeSpec WithFilter(SeccompSpec filter) => _container with { Linux = _container.Linux! with { Seccomp = filter } };
}
