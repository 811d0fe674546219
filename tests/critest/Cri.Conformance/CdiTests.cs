using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class CdiTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [CrispdFact]
    public async Task CdiDevice_ByField_EditsTheContainer()
    {
        Write("field", """
            cdiVersion: "0.7.0"
            kind: crisp.test/field
            containerEdits:
              env: [CDI_FILE=yes]
            devices:
              - name: one
                containerEdits:
                  env: [CDI_DEVICE=one]
                  deviceNodes: [{path: /dev/cdi-zero, hostPath: /dev/zero}]
                  mounts: [{hostPath: /etc/hostname, containerPath: /cdi/hostname, options: [ro]}]
                  additionalGids: [6001]
            """);

        var output = await Pod.OutputAsync(
            "echo $CDI_FILE $CDI_DEVICE; head -c 1 /dev/cdi-zero | wc -c; cat /cdi/hostname; id -G | tr ' ' '\\n' | grep -c 6001",
            config => config.CDIDevices.Add(new CDIDevice { Name = "crisp.test/field=one" }));

        Assert.Equal($"yes one\n1\n{Environment.MachineName}\n1", output);
    }

    [CrispdFact]
    public async Task CdiDevice_ByAnnotation_EditsTheContainer()
    {
        Write("annotation", """
            {"cdiVersion": "0.6.0", "kind": "crisp.test/annotation",
             "devices": [{"name": "a", "containerEdits": {"env": ["A=1"]}}, {"name": "b", "containerEdits": {"env": ["B=2"]}}]}
            """);

        var output = await Pod.OutputAsync(
            "echo $A $B", config => config.Annotations["cdi.k8s.io/test"] = "crisp.test/annotation=a,crisp.test/annotation=b");

        Assert.Equal("1 2", output);
    }

    [CrispdFact]
    public async Task CdiDevice_Unknown_IsRefusedByName() =>
        await FailsAsync(StatusCode.InvalidArgument, "crisp.test/none=gone", () => Pod.CreateAsync(
            ["true"], config => config.CDIDevices.Add(new CDIDevice { Name = "crisp.test/none=gone" })));

    [CrispdFact]
    public async Task CdiDevice_UnqualifiedName_IsRefused() =>
        await FailsAsync(StatusCode.InvalidArgument, "\"gpu0\"", () => Pod.CreateAsync(
            ["true"], config => config.CDIDevices.Add(new CDIDevice { Name = "gpu0" })));

    private void Write(string name, string content)
    {
        var directory = Directory.CreateDirectory(Cri.Crispd!.CdiDirectory);
        File.WriteAllText(Path.Combine(directory.FullName, name + ".yaml"), content);
    }
}
