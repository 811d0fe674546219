using Cri.Oci.Runtime;
using Cri.RuntimeService.Cdi;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Cdi;

public class CdiInjectionTests
{
    private static readonly RuntimeSpec _spec = new()
    {
        Process = new ProcessSpec { Env = ["PATH=/bin", "A=old"], User = new UserSpec { Uid = 5, AdditionalGids = [7] } },
        Mounts = [new MountSpec("/proc", "proc", "proc", []), new MountSpec("/data/x", "bind", "/a", []), new MountSpec("/data", "bind", "/b", [])],
        Linux = new LinuxSpec { Resources = new ResourcesSpec { Devices = [new DeviceRuleSpec(false, null, null, null, "rwm")] } },
    };

    [Fact]
    public void Apply_Environment_ReplacesAndAdds() =>
        Assert.Equal(["PATH=/bin", "A=new", "B=1"], Apply(new CdiEdits { Env = ["A=new", "B=1"] }).Process!.Env);

    [Fact]
    public void Apply_Groups_AddsThoseThatAreMissing() =>
        Assert.Equal([7u, 8u], Apply(new CdiEdits { AdditionalGids = [7, 8, 0] }).Process!.User.AdditionalGids!);

    [Fact]
    public void Apply_Mount_ReplacesThatOfTheSamePlaceAndComesAfterItsParent()
    {
        var mounts = Apply(new CdiEdits { Mounts = [new CdiMount { HostPath = "/new", ContainerPath = "/data/x", Options = ["ro"] }] }).Mounts;

        Assert.Equal(["/proc", "/data", "/data/x"], mounts.Select(mount => mount.Destination));
        Assert.Equal(("bind", "/new"), (mounts[2].Type, mounts[2].Source));
        Assert.Equal(["rbind", "ro"], mounts[2].Options);
    }

    [Fact]
    public void Apply_DeviceNodeOfTheHost_TakesItsNumbersAndIsAllowed()
    {
        var linux = Apply(new CdiEdits { DeviceNodes = [new CdiDeviceNode { Path = "/dev/mine", HostPath = "/dev/null", Permissions = "r" }] }).Linux!;

        var device = Assert.Single(linux.Devices!);
        Assert.Equal(("/dev/mine", "c", 1, 3, 5u), (device.Path, device.Type, device.Major, device.Minor, device.Uid));
        Assert.Equal(new DeviceRuleSpec(true, "c", 1, 3, "r"), linux.Resources!.Devices![1]);
    }

    [Fact]
    public void Apply_CompleteDeviceNode_NeedsNothingOnTheHost()
    {
        var node = new CdiDeviceNode { Path = "/dev/nowhere", Type = "b", Major = 240, Minor = 2 };

        Assert.Equal(240, Assert.Single(Apply(new CdiEdits { DeviceNodes = [node] }).Linux!.Devices!).Major);
    }

    [Fact]
    public void Apply_DeviceNodeThatTheHostLacks_IsAFailedPrecondition()
    {
        var error = Assert.Throws<RpcException>(() => Apply(new CdiEdits { DeviceNodes = [new CdiDeviceNode { Path = "/dev/nowhere" }] }));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("/dev/nowhere", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_HooksRdtAndInterfaces_StandInTheSpec()
    {
        var spec = Apply(new CdiEdits
        {
            Hooks = [new CdiHook { HookName = "createRuntime", Path = "/a" }, new CdiHook { HookName = "createRuntime", Path = "/b" }],
            IntelRdt = new IntelRdtSpec { ClosId = "gold" },
            NetDevices = [new CdiNetDevice { HostInterfaceName = "eth7", Name = "data0" }],
        });

        Assert.Equal(["/a", "/b"], spec.Hooks!.CreateRuntime!.Select(hook => hook.Path));
        Assert.Equal(("gold", "data0"), (spec.Linux!.IntelRdt!.ClosId, spec.Linux.NetDevices!["eth7"].Name));
    }

    private static RuntimeSpec Apply(CdiEdits edits) => CdiInjection.Apply(_spec, [edits]);
}
