using Cri.RuntimeService.Cdi;
using Cri.Testing;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Cdi;

public sealed class CdiRegistryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("cdi");
    private readonly List<string> _warnings = [];

    private CdiRegistry Registry => new([_directory.Path + "/etc", _directory.Path + "/run"], new Journal(_ => { }, _warnings.Add));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void EditsOf_DevicesOfOneFile_HasTheFilesOwnEditsOnceAndFirst()
    {
        _directory.File("etc/v.yaml", """
            cdiVersion: "0.6.0"
            kind: vendor.com/net
            devices:
              - name: "0"
                containerEdits: { env: [ZERO=0] }
              - name: one
                containerEdits:
                  env:
                    - ONE=1
            containerEdits:
              env: ["ALL=x"]
            """);

        var edits = Registry.EditsOf(["vendor.com/net=one", "vendor.com/net=0"]);

        Assert.Equal(["ALL=x", "ONE=1", "ZERO=0"], edits.SelectMany(edit => edit.Env));
    }

    [Fact]
    public void EditsOf_YamlAndJson_ReadEveryField()
    {
        _directory.File("etc/all.yaml", """
            cdiVersion: 1.1.0
            kind: vendor.com/gpu
            annotations: {}
            devices:
            - name: gpu0
              containerEdits:
                deviceNodes:
                - {path: /dev/x, hostPath: /dev/y, type: c, major: 1, minor: 3, fileMode: 0644, permissions: rw, uid: 5, gid: 6}
                netDevices: [{hostInterfaceName: eth7, name: data0}]
                mounts: [{hostPath: /opt/lib, containerPath: /usr/lib/x, options: [ro, nosuid], type: bind}]
                hooks: [{hookName: createContainer, path: /bin/hook, args: [hook, "-v"], env: [A=b], timeout: 5}]
                intelRdt: {closID: gold, l3CacheSchema: "L3:0=f", enableMonitoring: true}
                additionalGids: [7, 8]
            """);

        var edit = Registry.EditsOf(["vendor.com/gpu=gpu0"])[1];

        var node = Assert.Single(edit.DeviceNodes);
        Assert.Equal(("/dev/x", "/dev/y", "c", 1, 3, 420u, "rw", 5u, 6u), (node.Path, node.HostPath, node.Type, node.Major, node.Minor, node.FileMode, node.Permissions, node.Uid, node.Gid));
        Assert.Equal(["ro", "nosuid"], Assert.Single(edit.Mounts).Options);
        Assert.Equal(["hook", "-v"], Assert.Single(edit.Hooks).Args!);
        Assert.Equal(("gold", "L3:0=f", true), (edit.IntelRdt!.ClosId, edit.IntelRdt.L3CacheSchema, edit.IntelRdt.EnableMonitoring));
        Assert.Equal("data0", Assert.Single(edit.NetDevices).Name);
        Assert.Equal([7u, 8u], edit.AdditionalGids);
    }

    [Fact]
    public void EditsOf_SameDeviceInALaterDirectory_TakesThatOne()
    {
        Json("etc/a.json", "d", "FROM=etc");
        Json("run/b.json", "d", "FROM=run");

        Assert.Contains("FROM=run", Registry.EditsOf(["v.com/c=d"]).SelectMany(edit => edit.Env));
    }

    [Fact]
    public void EditsOf_SameDeviceTwiceInADirectory_IsNotFound()
    {
        Json("etc/a.json", "d", "A=1");
        Json("etc/b.json", "d", "B=1");

        Assert.Throws<RpcException>(() => Registry.EditsOf(["v.com/c=d"]));
        Assert.Contains("b.json", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void EditsOf_UnknownDevice_NamesIt()
    {
        var error = Assert.Throws<RpcException>(() => Registry.EditsOf(["v.com/c=gone"]));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("v.com/c=gone", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void EditsOf_FileThatCameLater_IsFound()
    {
        var registry = Registry;
        Assert.Throws<RpcException>(() => registry.EditsOf(["v.com/c=d"]));

        Json("run/a.json", "d", "A=1");

        Assert.Equal(2, registry.EditsOf(["v.com/c=d"]).Count);
    }

    [Theory]
    [InlineData("""{"cdiVersion": "0.6.0", "kind": "v.com/c", "devices": []}""", "no devices")]
    [InlineData("""{"cdiVersion": "9.0.0", "kind": "v.com/c", "devices": [{"name": "d"}]}""", "cdiVersion")]
    [InlineData("""{"cdiVersion": "0.6.0", "kind": "vc", "devices": [{"name": "d"}]}""", "kind")]
    [InlineData("""{"cdiVersion": "0.6.0", "kind": "v.com/c", "devices": [{"name": "d", "containerEdits": {"news": []}}]}""", "news")]
    [InlineData("""{"cdiVersion": "0.6.0", "kind": "v.com/c", "devices": [{"name": "d", "containerEdits": {"hooks": [{"hookName": "x", "path": "/x"}]}}]}""", "hook \"x\"")]
    [InlineData("{", "passed over")]
    public void EditsOf_FileWithAMistake_PassesItOverAndSaysWhy(string content, string words)
    {
        _directory.File("etc/wrong.json", content);
        Json("etc/right.json", "d", "A=1");

        Assert.Equal(2, Registry.EditsOf(["v.com/c=d"]).Count);
        Assert.Contains(words, Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Requested_FieldAndAnnotations_AreEachNamedOnce()
    {
        var config = new V1.ContainerConfig
        {
            CDIDevices = { new V1.CDIDevice { Name = "v.com/c=1" } },
            Annotations = { ["cdi.k8s.io/x"] = "v.com/c=1,v.com/c=2", ["other"] = "v.com/c=3" },
        };

        Assert.Equal(["v.com/c=1", "v.com/c=2"], CdiRegistry.Requested(config));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu0")]
    [InlineData("v.com/c=")]
    [InlineData("1v.com/c=x")]
    [InlineData("v.com/c=x y")]
    public void Requested_NameThatIsNotQualified_IsInvalid(string name)
    {
        var config = new V1.ContainerConfig { CDIDevices = { new V1.CDIDevice { Name = name } } };

        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => CdiRegistry.Requested(config)).StatusCode);
    }

    private void Json(string file, string device, string variable) => _directory.File(
        file, $$$"""{"cdiVersion": "0.6.0", "kind": "v.com/c", "devices": [{"name": "{{{device}}}", "containerEdits": {"env": ["{{{variable}}}"]}}]}""");
}
