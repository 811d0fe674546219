using Cri.RuntimeService.Sandboxes;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Sandboxes;

public class SandboxSysctlsTests
{
    [Theory]
    [InlineData("net.ipv4.ip_unprivileged_port_start")]
    [InlineData("net/ipv4/conf/eth0.100/forwarding")]
    [InlineData("kernel.shm_rmid_forced")]
    [InlineData("fs.mqueue.msg_max")]
    [InlineData("kernel.domainname")]
    public void Check_ParameterOfThePodsNamespaces_Passes(string name) => SandboxSysctls.Check(Pod(name, V1.NamespaceMode.Pod));

    [Theory]
    [InlineData("net.ipv4.ip_forward")]
    [InlineData("kernel.msgmax")]
    [InlineData("fs.mqueue.msg_max")]
    public void Check_ParameterOfAHostNamespace_IsRefused(string name) => Refused(Pod(name, V1.NamespaceMode.Node), "the host's");

    [Theory]
    [InlineData("vm.swappiness")]
    [InlineData("kernel.hostname")]
    [InlineData("kernel.panic")]
    [InlineData("fs.file-max")]
    [InlineData("net..ipv4")]
    [InlineData("/net/ipv4/ip_forward")]
    [InlineData("")]
    public void Check_ParameterOfTheNode_IsRefused(string name) => Refused(Pod(name, V1.NamespaceMode.Pod), $"\"{name}\"");

    private static void Refused(V1.PodSandboxConfig config, string words)
    {
        var error = Assert.Throws<RpcException>(() => SandboxSysctls.Check(config));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(words, error.Status.Detail, StringComparison.Ordinal);
    }

    private static V1.PodSandboxConfig Pod(string sysctl, V1.NamespaceMode mode) => new()
    {
        Metadata = new V1.PodSandboxMetadata { Name = "pod" },
        Linux = new V1.LinuxPodSandboxConfig
        {
            Sysctls = { [sysctl] = "1" },
            SecurityContext = new V1.LinuxSandboxSecurityContext { NamespaceOptions = new V1.NamespaceOption { Network = mode, Ipc = mode } },
        },
    };
}
