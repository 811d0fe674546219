using Cri.Api.V1;
using Cri.Grpc;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class StatusTests : ConformanceTest
{
    [Theory]
    [InlineData("RuntimeReady")]
    [InlineData("NetworkReady")]
    public async Task Status_OfAWorkingNode_HasTheConditionTrue(string type)
    {
        var response = await Cri.Runtime.StatusAsync(new StatusRequest());

        var condition = Assert.Single(response.Status.Conditions, condition => condition.Type == type);
        Assert.True(condition.Status, $"{condition.Reason}: {condition.Message}");
    }

    [Fact]
    public async Task Status_WithoutVerbose_HasNoInfo() =>
        Assert.Empty((await Cri.Runtime.StatusAsync(new StatusRequest())).Info);

    [Fact]
    public async Task Status_WithVerbose_HasInfo() =>
        Assert.NotEmpty((await Cri.Runtime.StatusAsync(new StatusRequest { Verbose = true })).Info);

    [CrispdFact]
    public async Task Status_Always_ListsTheDefaultHandler() =>
        Assert.Contains((await Cri.Runtime.StatusAsync(new StatusRequest())).RuntimeHandlers, handler => handler.Name.Length == 0);

    [CrispdFact]
    public async Task RuntimeConfig_Always_NamesTheCgroupDriver()
    {
        var config = await Cri.Runtime.RuntimeConfigAsync(new RuntimeConfigRequest());

        Assert.Equal(NodeSettings.FromEnvironment.IsSystemd ? CgroupDriver.Systemd : CgroupDriver.Cgroupfs, config.Linux.CgroupDriver);
    }

    [CrispdFact]
    public async Task RuntimeConfig_OfTheDriverAuto_IsSystemdsWhereItIsPid1()
    {
        await using var crispd = await CrispdFixture.StartAsync("localhost:1", new NodeSettings("auto", NodeSettings.FromEnvironment.Runtime));
        using var channel = new UnixChannel(crispd.Socket);

        var config = await new RuntimeService.RuntimeServiceClient(channel).RuntimeConfigAsync(new RuntimeConfigRequest());

        var isSystemd = await File.ReadAllTextAsync("/proc/1/comm") == "systemd\n";
        Assert.Equal(isSystemd ? CgroupDriver.Systemd : CgroupDriver.Cgroupfs, config.Linux.CgroupDriver);
    }

    [Fact]
    public async Task UpdateRuntimeConfig_WithAPodCidr_Succeeds() =>
        await Cri.Runtime.UpdateRuntimeConfigAsync(new UpdateRuntimeConfigRequest
        {
            RuntimeConfig = new RuntimeConfig { NetworkConfig = new NetworkConfig { PodCidr = "10.244.0.0/24" } },
        });
}
