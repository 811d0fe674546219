using System.Net;
using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public sealed class AttachmentTests : IDisposable
{
    private readonly CniSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task AddAsync_NoConfiguration_IsNotReady()
    {
        using var network = _site.Open();

        var error = await Assert.ThrowsAsync<CniException>(() => network.AddAsync(CniSite.Pod(), CancellationToken.None));

        Assert.Equal(CniFailure.NotReady, error.Failure);
        Assert.Contains(_site.ConfDir, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddAsync_Chain_GivesEachPluginItsConfigurationAndTheResultBefore()
    {
        _site.Plugin("one");
        _site.Plugin("two", add: """echo '{"ips":[{"address":"10.9.0.3/24"}],"extra":true}'""");
        _site.Network(["one", "two"]);
        using var network = _site.Open();

        var attachment = await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Equal(["ADD one", "ADD two"], _site.Calls);
        var first = _site.Input("ADD", "one");
        Assert.Equal(("1.0.0", "pods", "one"), (Text("cniVersion"), Text("name"), Text("type")));
        Assert.Equal("""["kept",1]""", first.GetProperty("own").GetRawText());
        Assert.False(first.TryGetProperty("prevResult", out _) || first.TryGetProperty("capabilities", out _) || first.TryGetProperty("runtimeConfig", out _));
        Assert.Equal(CniSite.Result, _site.Input("ADD", "two").GetProperty("prevResult").GetRawText());
        Assert.Equal(IPAddress.Parse("10.9.0.3"), Assert.Single(attachment.Ips).Address);
        Assert.Contains("extra", attachment.RawResult, StringComparison.Ordinal);

        string? Text(string key) => first.GetProperty(key).GetString();
    }

    [Fact]
    public async Task AddAsync_Environment_IsThatOfTheSpecification()
    {
        _site.Plugin("one", add: """echo '{"ips":[{"address":"10.9.0.2/24"}]}'""");
        _site.Network(["one"]);
        using var network = _site.Open();

        await network.AddAsync(CniSite.Pod() with { InterfaceName = "net1" }, CancellationToken.None);

        Assert.Equal("pod1", _site.Variable("ADD", "one", "CNI_CONTAINERID"));
        Assert.Equal("/proc/self/ns/net", _site.Variable("ADD", "one", "CNI_NETNS"));
        Assert.Equal("net1", _site.Variable("ADD", "one", "CNI_IFNAME"));
        Assert.Equal(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=pod1;K8S_POD_UID=uid-1",
            _site.Variable("ADD", "one", "CNI_ARGS"));
        Assert.Equal($"{_site.Root}/absent:{_site.BinDir}", _site.Variable("ADD", "one", "CNI_PATH"));
        Assert.NotNull(_site.Variable("ADD", "one", "PATH"));
    }

    [Fact]
    public async Task AddAsync_Capabilities_GoToPluginsThatWantThem()
    {
        _site.Plugin("one");
        _site.Plugin("two");
        _site.Configure("10-pods.conflist", """
            {"cniVersion":"1.0.0","name":"pods","plugins":[
              {"type":"one","capabilities":{"portMappings":true,"bandwidth":true,"dns":true,"ipRanges":true,"mac":true}},
              {"type":"two","capabilities":{"dns":false,"io.kubernetes.cri.pod-annotations":true}}]}
            """);
        using var network = _site.Open();
        var pod = CniSite.Pod() with
        {
            PortMappings = [new(8080, 80, "tcp", "127.0.0.1"), new(0, 81, "tcp"), new(53, 53, "udp")],
            Bandwidth = new CniBandwidth(1000, 2000, 3000, 4000),
            Dns = new CniDnsSettings(["10.0.0.10"], ["svc.local"], ["ndots:5"]),
            IpRanges = [[new CniAddressRange("10.1.2.0/24", Gateway: IPAddress.Parse("10.1.2.254"))]],
            Annotations = new Dictionary<string, string> { ["a/b"] = "quote \" and newline \n" },
            CapabilityArguments = new Dictionary<string, string> { ["mac"] = "\"c2:11:22:33:44:55\"" },
        };

        await network.AddAsync(pod, CancellationToken.None);

        const string Expected = """
            {"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":"127.0.0.1"},{"hostPort":53,"containerPort":53,"protocol":"udp"}],
            "bandwidth":{"ingressRate":1000,"ingressBurst":2000,"egressRate":3000,"egressBurst":4000},
            "dns":{"servers":["10.0.0.10"],"searches":["svc.local"],"options":["ndots:5"]},
            "ipRanges":[[{"subnet":"10.1.2.0/24","gateway":"10.1.2.254"}]],
            "mac":"c2:11:22:33:44:55"}
            """;
        Assert.Equal(
            Expected.Replace("\n", "", StringComparison.Ordinal),
            _site.Input("ADD", "one").GetProperty("runtimeConfig").GetRawText());
        var given = Assert.Single(_site.Input("ADD", "two").GetProperty("runtimeConfig").EnumerateObject());
        Assert.Equal("quote \" and newline \n", given.Value.GetProperty("a/b").GetString());
    }

    [Theory]
    [InlineData("../etc", "eth0", "web")]
    [InlineData("pod1", "eth0/x", "web")]
    [InlineData("pod1", "sixteen-letters-", "web")]
    [InlineData("pod1", "eth0", "web;K8S_POD_NAMESPACE=kube-system")]
    public async Task AddAsync_NameThatCannotBePassedOn_IsRefused(string id, string interfaceName, string name)
    {
        _site.Plugin("one");
        _site.Network(["one"]);
        using var network = _site.Open();
        var pod = CniSite.Pod(id) with { InterfaceName = interfaceName, Name = name };

        var error = await Assert.ThrowsAsync<CniException>(() => network.AddAsync(pod, CancellationToken.None));

        Assert.Equal(CniFailure.InvalidRequest, error.Failure);
        Assert.Empty(_site.Calls);
    }

    [Fact]
    public async Task AddAsync_Twice_IsRefused()
    {
        _site.Plugin("one");
        _site.Network(["one"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        var error = await Assert.ThrowsAsync<CniException>(() => network.AddAsync(CniSite.Pod(), CancellationToken.None));

        Assert.Contains("attached as eth0 already", error.Message, StringComparison.Ordinal);
        Assert.Equal(["ADD one"], _site.Calls);
    }

    [Fact]
    public async Task AddAsync_ManyPods_RunInParallel()
    {
        // Each plugin waits until all of them run: one after the other would never end.
        _site.Plugin("one", add: $"mkdir {_site.Root}/run.$CNI_CONTAINERID; while [ $(ls -d {_site.Root}/run.* | wc -l) -lt 8 ]; do sleep 0.05; done; echo '{CniSite.Result}'");
        _site.Network(["one"]);
        using var network = _site.Open();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => network.AddAsync(CniSite.Pod($"pod{i}"), CancellationToken.None)));

        Assert.Equal(8, _site.Calls.Length);
    }

    [Fact]
    public async Task DeleteAsync_DuringAdd_WaitsForItsEnd()
    {
        _site.Plugin("one", add: $"while [ ! -e {_site.Root}/go ]; do sleep 0.05; done; echo end >> {_site.Root}/calls/log; echo '{CniSite.Result}'");
        _site.Network(["one"]);
        using var network = _site.Open();

        var add = network.AddAsync(CniSite.Pod(), CancellationToken.None);
        var delete = network.DeleteAsync(CniSite.Pod(), CancellationToken.None);
        File.WriteAllText(Path.Combine(_site.Root, "go"), "");
        await Task.WhenAll(add, delete);

        Assert.Equal(["ADD one", "end", "DEL one"], _site.Calls);
    }

    [Fact]
    public async Task DeleteAsync_AfterAdd_GoesBackwardsWithTheResultOfTheAdd()
    {
        _site.Plugin("one", add: """echo '{"ips":[{"address":"10.9.0.2/24"}]}'""");
        _site.Plugin("two");
        _site.Network(["one", "two"], capabilities: """{"portMappings":true}""");
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod() with { PortMappings = [new(80, 80, "tcp")] }, CancellationToken.None);

        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Equal(["ADD one", "ADD two", "DEL two", "DEL one"], _site.Calls);
        Assert.Equal(CniSite.Result, _site.Input("DEL", "one").GetProperty("prevResult").GetRawText());
        Assert.Equal(80, _site.Input("DEL", "one").GetProperty("runtimeConfig").GetProperty("portMappings")[0].GetProperty("hostPort").GetInt32());
        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    [Fact]
    public async Task DeleteAsync_VersionBefore040_GivesNoResult()
    {
        _site.Plugin("one");
        _site.Network(["one"], version: "0.3.1");
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.False(_site.Input("DEL", "one").TryGetProperty("prevResult", out _));
    }

    [Fact]
    public async Task DeleteAsync_TwiceAndNeverAttached_IsNoError()
    {
        _site.Plugin("one");
        _site.Network(["one"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);
        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);
        await network.DeleteAsync(CniSite.Pod("never"), CancellationToken.None);

        Assert.Equal(["ADD one", "DEL one"], _site.Calls);
    }

    [Fact]
    public async Task DeleteAsync_AfterRestartWithAnotherConfiguration_UsesThatOfTheAdd()
    {
        _site.Plugin("one");
        _site.Plugin("other");
        _site.Network(["one"], name: "with-dashes-1");
        using (var before = _site.Open())
        {
            await before.AddAsync(CniSite.Pod(), CancellationToken.None);
        }

        _site.Network(["other"], name: "renamed");
        using var after = _site.Open();
        Assert.Equal("02:00:00:00:00:01", after.Find("pod1")?.Mac);
        await after.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Equal(["ADD one", "DEL one"], _site.Calls);
        Assert.Equal("with-dashes-1", _site.Input("DEL", "one").GetProperty("name").GetString());
        Assert.Null(after.Find("pod1"));
    }

    [Fact]
    public async Task DeleteAsync_ConfigurationGone_StillDetaches()
    {
        _site.Plugin("one");
        _site.Network(["one"]);
        using (var before = _site.Open())
        {
            await before.AddAsync(CniSite.Pod(), CancellationToken.None);
        }

        Directory.Delete(_site.ConfDir, recursive: true);
        using var after = _site.Open();
        await after.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Equal(["ADD one", "DEL one"], _site.Calls);
    }

    [Fact]
    public async Task DeleteAsync_NamespaceGone_TellsPluginsWithAnEmptyPath()
    {
        var pin = Path.Combine(_site.Root, "pin");
        File.WriteAllText(pin, "");
        _site.Plugin("one");
        _site.Network(["one"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod() with { NetnsPath = pin }, CancellationToken.None);

        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Equal((pin, ""), (_site.Variable("ADD", "one", "CNI_NETNS"), _site.Variable("DEL", "one", "CNI_NETNS")));
    }

    [Fact]
    public async Task DeleteAsync_OnePluginFails_AsksTheOthersAndCanBeTriedAgain()
    {
        _site.Plugin("one");
        _site.Plugin("two", delete: """echo '{"code":100,"msg":"busy"}'; exit 1""");
        _site.Network(["one", "two"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        var error = await Assert.ThrowsAsync<CniException>(() => network.DeleteAsync(CniSite.Pod(), CancellationToken.None));
        _site.Plugin("two");
        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Contains("two", error.Message, StringComparison.Ordinal);
        Assert.Equal(["ADD one", "ADD two", "DEL two", "DEL one", "DEL two", "DEL one"], _site.Calls);
    }

    [Fact]
    public async Task DetachAsync_RecordedAttachment_LeavesTheOthers()
    {
        _site.Plugin("one");
        _site.Network(["one"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod("known"), CancellationToken.None);
        await network.AddAsync(CniSite.Pod("orphan"), CancellationToken.None);
        File.WriteAllText(Path.Combine(_site.CacheDir, "pods-torn-eth0.json"), "");

        Assert.Equal(["known", "orphan"], network.Recorded().Select(recorded => recorded.SandboxId).Order());
        await network.DetachAsync(network.Recorded().Single(recorded => recorded.SandboxId == "orphan"), CancellationToken.None);

        Assert.Equal(["ADD one", "ADD one", "DEL one"], _site.Calls);
        Assert.Equal("known", network.Recorded().Single().SandboxId);
        Assert.NotNull(network.Find("known"));
    }

    [Fact]
    public async Task DeleteAsync_WhileAPluginOfAnEarlierServerRuns_WaitsForItsEnd()
    {
        _site.Plugin("one", add: $"echo '{CniSite.Result}'");
        _site.Network(["one"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        // What such a plugin has inherited, and holds until it ends.
        Task deletion;
        using (new FileStream(Path.Combine(_site.CacheDir, "pods-pod1-eth0.turn"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            deletion = network.DeleteAsync(CniSite.Pod(), CancellationToken.None);
            await Task.Delay(100);
            Assert.Equal(["ADD one"], _site.Calls);
        }

        await deletion;
        Assert.Equal(["ADD one", "DEL one"], _site.Calls);
        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    [Fact]
    public async Task Open_AfterACrash_RemovesWhatWasHalfWritten()
    {
        Directory.CreateDirectory(_site.CacheDir);
        await File.WriteAllTextAsync(Path.Combine(_site.CacheDir, ".tmp-1"), "{");
        await File.WriteAllTextAsync(Path.Combine(_site.CacheDir, "pods-pod1-eth0.json.tmp"), "{");

        using var network = _site.Open();

        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    [Fact]
    public async Task DeleteAsync_RecordOfANewerVersion_IsRefusedAndLeftAlone()
    {
        Directory.CreateDirectory(_site.CacheDir);
        var record = Path.Combine(_site.CacheDir, "pods-pod1-eth0.json");
        await File.WriteAllTextAsync(record, """{"version":2,"containerId":"pod1","ifName":"eth0"}""");
        using var network = _site.Open();

        var error = await Assert.ThrowsAnyAsync<IOException>(() => network.DeleteAsync(CniSite.Pod(), CancellationToken.None));

        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
        Assert.Empty(network.Recorded());
        Assert.True(File.Exists(record));
    }

    [Fact]
    public async Task CheckAsync_PluginFindsADifference_Throws()
    {
        _site.Plugin("one", check: """echo '{"code":101,"msg":"the route is gone"}'; exit 1""");
        _site.Network(["one"]);
        using var network = _site.Open();
        await network.AddAsync(CniSite.Pod(), CancellationToken.None);

        var error = await Assert.ThrowsAsync<CniException>(() => network.CheckAsync(CniSite.Pod(), CancellationToken.None));

        Assert.Contains("the route is gone", error.Message, StringComparison.Ordinal);
        Assert.True(_site.Input("CHECK", "one").TryGetProperty("prevResult", out _));
    }
}
