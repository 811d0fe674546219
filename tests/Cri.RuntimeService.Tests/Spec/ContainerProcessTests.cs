using Cri.Oci.Images;
using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class ContainerProcessTests
{
    private static readonly ImageConfig _image = new()
    {
        Entrypoint = ["/entry"],
        Cmd = ["from-image"],
        Env = ["PATH=/image", "A=image"],
        WorkingDir = "/work",
    };

    [Theory]
    [InlineData(new string[0], new string[0], new[] { "/entry", "from-image" })]
    [InlineData(new string[0], new[] { "arg" }, new[] { "/entry", "arg" })]
    [InlineData(new[] { "/cmd" }, new string[0], new[] { "/cmd" })]
    [InlineData(new[] { "/cmd" }, new[] { "arg" }, new[] { "/cmd", "arg" })]
    public void Build_CommandAndArgs_FollowKubernetesRules(string[] command, string[] args, string[] expected) =>
        Assert.Equal(expected, Build(new V1.ContainerConfig { Command = { command }, Args = { args } }).Args);

    [Fact]
    public void Build_NothingToRun_IsInvalid()
    {
        var input = SpecFixture.Input(new V1.ContainerConfig(), new ImageConfig());

        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => ContainerProcess.Build(input)).StatusCode);
    }

    [Fact]
    public void Build_Environment_RequestOverImageOverDefaults()
    {
        var process = Build(new V1.ContainerConfig { Envs = { new V1.KeyValue { Key = "A", Value = "request" }, new V1.KeyValue { Key = "B", Value = "x=y" } } });

        Assert.Equal(["PATH=/image", "HOSTNAME=node", "A=request", "B=x=y"], process.Env);
    }

    [Fact]
    public void Build_Tty_HasATerminalType()
    {
        var process = Build(new V1.ContainerConfig { Tty = true });

        Assert.True(process.Terminal);
        Assert.Contains("TERM=xterm", process.Env);
    }

    [Fact]
    public void Build_WorkingDirectory_RequestOverImageOverRoot()
    {
        Assert.Equal("/work", Build(new V1.ContainerConfig()).Cwd);
        Assert.Equal("/tmp", Build(new V1.ContainerConfig { WorkingDir = "/tmp" }).Cwd);
        Assert.Equal("/", ContainerProcess.Build(SpecFixture.Input(new V1.ContainerConfig())).Cwd);
    }

    [Fact]
    public void Build_AppArmorProfileOnAHostWithoutIt_IsAFailedPrecondition()
    {
        var config = SpecFixture.OwnPid();
        config.SecurityContext.Apparmor = new V1.SecurityProfile
        {
            ProfileType = V1.SecurityProfile.Types.ProfileType.Localhost,
            LocalhostRef = "mine",
        };
        var input = SpecFixture.Input(new V1.ContainerConfig { Linux = config }) with { Host = SpecFixture.Host with { AppArmor = false } };

        Assert.Equal(StatusCode.FailedPrecondition, Assert.Throws<RpcException>(() => ContainerProcess.Build(input)).StatusCode);
    }

    private static Oci.Runtime.ProcessSpec Build(V1.ContainerConfig config) => ContainerProcess.Build(SpecFixture.Input(config, _image));
}
