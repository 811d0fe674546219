using System.Text;
using Cri.RuntimeService.Cdi;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Spec;
using Cri.RuntimeService.Tests.Cni;
using Cri.Testing;
using Cri.Testing.Fuzz;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Fuzz;

/// <summary>The readers of what plugins, OCI runtimes, images and configuration files say: they read it or say what is wrong, by one type of exception.</summary>
public sealed class RuntimeFuzzTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("fuzz");

    private static byte[][] Json => FuzzRun.Texts(
        "null", "true", "[]", "{}", "\"\"", "-1", "1e99", "1.5", "4294967296", "\"\\ud800\"", "\"\\u0000\"", "\"../../x\"", "\"/\"", "\"eth0\"", "[[", "{\"a\":", "\u20ac", ",", ":", "\\");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void NetworkConfiguration_AnyBytes_IsReadOrRefused() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts(
            """{"cniVersion":"1.0.0","name":"pods","disableCheck":"true","plugins":[{"type":"bridge","bridge":"b","ipam":{"type":"host-local"},"capabilities":{"portMappings":true,"x":false}},{"type":"portmap"}]}""",
            """{"cniVersions":["0.4.0","1.1.0"],"name":"n","plugins":[{"type":"loopback"}],"loadOnlyInlinedPlugins":true}""",
            """{"cniVersion":"0.3.1","name":"one","type":"macvlan"}"""),
        Json,
        input => Refuses<FormatException>(() =>
        {
            var network = NetworkConfiguration.Parse(JsonFields.Parse(input));
            Assert.DoesNotContain('/', network.Name);
            Assert.All(network.Plugins, plugin => Assert.DoesNotContain('/', plugin.Type));
        }));

    [Fact]
    public void AttachmentResult_AnyBytes_IsReadOrRefused() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts(
            CniSite.Result,
            """{"cniVersion":"0.2.0","ip4":{"ip":"10.1.0.5/16","gateway":"10.1.0.1","routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1"}]},"ip6":{"ip":"fd00::2/64"},"dns":{"nameservers":["1.1.1.1"],"domain":"d","search":["s"],"options":["o"]}}""",
            """{"interfaces":null,"ips":[{"address":"10.1.0.5/16","interface":-1}],"routes":[{"dst":"::/0"}],"dns":null}"""),
        [.. Json, .. FuzzRun.Texts("/33", "/-1", "/128", "256.1.1.1/8", "::/129", "%eth0", "2147483648")],
        input => Refuses<FormatException>(() => Assert.NotEmpty(AttachmentResult.Read(JsonFields.Parse(input), "pods", "eth0").Ips)));

    [Fact]
    public void CachedAttachment_AnyBytes_IsReadOrRefused() => FuzzRun.Run(
        10_000,
        FuzzRun.Texts(
            """{"networkName":"pods","containerId":"pod1","ifName":"eth0","netns":"/ns","cniArgs":"K=v","capabilityArgs":{"portMappings":[]},"config":{"cniVersion":"1.0.0","name":"pods","plugins":[{"type":"bridge"}]},"result":{"ips":[]}}"""),
        Json,
        input => Refuses<FormatException>(() => Attachment.Parse(JsonFields.Parse(input)).ToJson()));

    // Found by CachedAttachment_AnyBytes_IsReadOrRefused.
    [Theory]
    [InlineData("\"\"")]
    [InlineData("[]")]
    [InlineData("1")]
    public void CachedAttachment_ThatIsNoObject_IsRefused(string json) =>
        Assert.Throws<FormatException>(() => Attachment.Parse(JsonFields.Parse(System.Text.Encoding.UTF8.GetBytes(json))));

    [Fact]
    public async Task PluginAnswer_AnyBytesAndExitCode_IsAResultOrACniError()
    {
        using var site = new CniSite();
        var answer = Path.Combine(site.Root, "answer");
        site.Plugin("odd", add: $"cat {answer} >&$(head -c 1 {answer}.fd); exit $(cat {answer}.code)");
        site.Network(["odd"]);
        using var network = site.Open();
        var number = 0;
        await FuzzRun.RunAsync(
            60,
            [.. FuzzRun.Texts(CniSite.Result, """{"cniVersion":"1.0.0","code":7,"msg":"no address","details":"all\ngiven"}"""), new byte[1 << 16]],
            Json,
            async input =>
            {
                File.WriteAllBytes(answer, input);
                File.WriteAllText(answer + ".fd", number % 5 == 4 ? "2" : "1");
                File.WriteAllText(answer + ".code", $"{number++ % 3}");
                var pod = CniSite.Pod($"pod{number}");
                try
                {
                    Assert.NotEmpty((await network.AddAsync(pod, CancellationToken.None)).Ips);
                }
                catch (CniException error)
                {
                    Assert.DoesNotContain(error.Message, char.IsControl);
                    Assert.InRange(error.Message.Length, 1, 4096);
                }

                await network.DeleteAsync(pod, CancellationToken.None);
            });
    }

    [Fact]
    public void Template_AnyText_IsRenderedOrRefused() => FuzzRun.Run(
        10_000,
        FuzzRun.Texts("""{"cniVersion":"1.0.0","subnet":"{{.PodCIDR}}","ranges":[{{range $i, $r := .PodCIDRRanges}}{{if $i}},{{end}}[{"subnet":"{{$r}}"}]{{end}}],"routes":[{{range .Routes}}{"dst":"{{.}}"}{{end}}]}"""),
        FuzzRun.Texts("{{", "}}", "{{end}}", "{{range .Routes}}", "{{if $i}}", "{{-", "-}}", "{{/* x */}}", "{{.}}", "$", "{{else}}"),
        input => Refuses<FormatException>(() => ConfigurationTemplate.Render(Encoding.UTF8.GetString(input), ["10.1.0.0/16", "fd00::/64"])));

    [Fact]
    public void Bandwidth_AnyText_IsReadOrRefused() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts("10M", "1e6", "0.5G", "1000", "1Ki"),
        FuzzRun.Texts("-", "+", "E", "e", "Ti", ".", "\u0661", "99999999999999999999999999999", " "),
        input => Refuses<FormatException>(() => CniBandwidth.FromAnnotations(new Dictionary<string, string> { ["kubernetes.io/ingress-bandwidth"] = Encoding.UTF8.GetString(input) })));

    [Theory]
    [InlineData("vendor.json")]
    [InlineData("vendor.yaml")]
    public void CdiFile_AnyBytes_IsReadOrRefused(string name)
    {
        var path = Path.Combine(_directory.Path, name);
        FuzzRun.Run(
            3_000,
            FuzzRun.Texts(
                """{"cdiVersion":"0.6.0","kind":"vendor.com/device","devices":[{"name":"one","containerEdits":{"env":["A=b"],"deviceNodes":[{"path":"/dev/null","type":"c","major":1,"minor":3}],"mounts":[{"hostPath":"/a","containerPath":"/b","options":["ro"]}],"hooks":[{"hookName":"createContainer","path":"/bin/true"}]}}],"containerEdits":{}}""",
                "cdiVersion: 0.6.0\nkind: vendor.com/device\ndevices:\n- name: one\n  containerEdits: &edits\n    env: [\"A=b\"]\n- name: two\n  containerEdits: *edits\n"),
            [.. Json, .. FuzzRun.Texts("&a ", "*a", "<<: *a\n", "- ", "? ", "!!binary ", "|\n", "\t", "---\n", "%YAML 9.9\n", "[*a,*a]")],
            input =>
            {
                File.WriteAllBytes(path, input);
                Refuses<InvalidDataException>(() => CdiFile.Read(path));
            });
    }

    [Theory]
    [InlineData("kind: [x\n\"y\"]")]
    [InlineData("kind: &a [*a]")]
    [InlineData("{cdiVersion: 0.6.0, kind: null, devices: []}")]
    [InlineData("{cdiVersion: 0.6.0, kind: v.com/d, devices: [null]}")]
    [InlineData("{cdiVersion: 0.6.0, kind: v.com/d, devices: [{name: null}]}")]
    [InlineData("{cdiVersion: 0.6.0, kind: v.com/d, devices: [{name: a, containerEdits: {env: [null]}}]}")]
    [InlineData("{cdiVersion: 0.6.0, kind: v.com/d, devices: [{name: a, containerEdits: {mounts: [null]}}]}")]
    [InlineData("kind: 07777777777777777777777777777")]
    public void CdiFile_HostileYaml_IsRefused(string text) =>
        Assert.Throws<InvalidDataException>(() => CdiFile.Read(_directory.File("hostile.yaml", text)));

    [Fact]
    public void RuntimeFacts_AnyBytes_AreReadOrNone() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts("""{"mountOptions":["rro","ro"],"linux":{"namespaces":["user"],"mountExtensions":{"idmap":{"enabled":true}},"seccomp":{"enabled":true},"cgroup":{"v2":true,"systemd":false}}}""", "runc version 1.1.5\ncommit: x\n"),
        Json,
        input =>
        {
            _ = RuntimeFacts.Features(input);
            _ = RuntimeFacts.Version(input);
        });

    [Fact]
    public void Accounts_OfAnyPasswdAndGroup_AreFoundOrNot()
    {
        Directory.CreateDirectory(Path.Combine(_directory.Path, "etc"));
        FuzzRun.Run(
            3_000,
            FuzzRun.Texts("root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/home:/bin/sh\n", "web:x:4294967295:-1::::\r\nweb:::\n", "extra:x:4242:web,root\n"),
            FuzzRun.Texts(":", "\n", "\r\n", ",", "web", "0", "-1", "\0", "99999999999"),
            input =>
            {
                File.WriteAllBytes(Path.Combine(_directory.Path, "etc", "passwd"), input);
                File.WriteAllBytes(Path.Combine(_directory.Path, "etc", "group"), input);
                var accounts = new Accounts(new ImageFiles([_directory.Path]));
                Refuses<RpcException>(() => accounts.User("web"));
                Refuses<RpcException>(() => accounts.Group("extra"));
                _ = accounts.User("12345");
                _ = accounts.GroupsOf("web").ToList();
            });
    }

    private static void Refuses<T>(Action read)
        where T : Exception
    {
        try
        {
            read();
        }
        catch (T error)
        {
            Assert.NotEmpty(error.Message);
        }
    }
}
