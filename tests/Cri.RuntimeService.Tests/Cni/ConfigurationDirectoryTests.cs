using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public sealed class ConfigurationDirectoryTests : IDisposable
{
    private readonly CniSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Status_NoDirectory_SaysWhich()
    {
        Directory.Delete(_site.ConfDir);
        using var network = _site.Open();

        Assert.Equal(
            (false, "NetworkPluginNotReady", $"{_site.ConfDir} does not exist"),
            (network.Status.Ready, network.Status.Reason, network.Status.Message));
    }

    [Fact]
    public void Status_EmptyDirectory_SaysWhatIsLookedFor()
    {
        using var network = _site.Open();

        Assert.Contains("*.conflist, *.conf, *.json", network.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_SeveralFiles_TakesTheFirstByName()
    {
        _site.Configure("20-b.conflist", List("b"));
        _site.Configure("10-a.conflist", List("a"));
        _site.Configure("05-ignored.txt", List("ignored"));
        using var network = _site.Open();

        Assert.Equal((true, "", "", "a"), (network.Status.Ready, network.Status.Reason, network.Status.Message, network.Status.NetworkName));
        Assert.EndsWith("10-a.conflist", network.Status.ConfigurationFile, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10-a.conf", """{"cniVersion":"0.2.0","name":"single","type":"bridge"}""", "single")]
    [InlineData("10-a.json", """{"name":"without-version","type":"bridge"}""", "without-version")]
    [InlineData("10-a.json", """{"cniVersion":"1.0.0","name":"a-list","plugins":[{"type":"bridge"}]}""", "a-list")]
    [InlineData("10-a.conflist", """{"cniVersion":"9.0.0","cniVersions":["1.0.0","0.4.0"],"name":"several","plugins":[{"type":"x"}]}""", "several")]
    public void Status_EveryForm_IsRead(string file, string json, string name)
    {
        _site.Configure(file, json);
        using var network = _site.Open();

        Assert.Equal(name, network.Status.NetworkName);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{\"name\": ", "not valid JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("""{"name":"a","plugins":[{"type":"bridge","x":{"\ud800":1}}]}""", "not valid JSON")]
    [InlineData("""{"name":"a","plugins":[{"type":"\udc00"}]}""", "not valid JSON")]
    [InlineData("""{"cniVersion":"1.0.0","plugins":[{"type":"bridge"}]}""", "no name")]
    [InlineData("""{"cniVersion":"1.0.0","name":"../up","plugins":[{"type":"bridge"}]}""", "../up")]
    [InlineData("""{"cniVersion":"1.0.0","name":"a","plugins":[]}""", "at least one plugin")]
    [InlineData("""{"cniVersion":"1.0.0","name":"a","plugins":[{"bridge":"cni0"}]}""", "no type")]
    [InlineData("""{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"../../bin/sh"}]}""", "../../bin/sh")]
    [InlineData("""{"cniVersion":"9.1.0","name":"a","plugins":[{"type":"bridge"}]}""", "cniVersion 9.1.0 is not supported")]
    [InlineData("""{"cniVersion":1,"name":"a","plugins":[{"type":"bridge"}]}""", "\"cniVersion\" is not a string")]
    public void Status_InvalidFile_IsReportedAndSkipped(string json, string problem)
    {
        _site.Configure("10-bad.conflist", json);
        _site.Configure("20-good.conflist", List("good"));
        using var network = _site.Open();

        Assert.Equal((true, "good"), (network.Status.Ready, network.Status.NetworkName));
        Assert.Contains("10-bad.conflist", Assert.Single(network.Status.Problems).File, StringComparison.Ordinal);
        Assert.Contains(problem, network.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_OnlyInvalidFiles_IsNotReadyAndSaysWhy()
    {
        _site.Configure("10-bad.conflist", "{}");
        using var network = _site.Open();

        Assert.False(network.Status.Ready);
        Assert.Contains("10-bad.conflist: it has no name", network.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_FileComesChangesAndGoes_Follows()
    {
        using var network = _site.Open();

        _site.Configure("10-a.conflist", List("first"));
        await Becomes(network, "first");
        _site.Configure("10-a.conflist", List("second"));
        await Becomes(network, "second");
        _site.Configure("05-b.tmp", List("third"));
        File.Move(Path.Combine(_site.ConfDir, "05-b.tmp"), Path.Combine(_site.ConfDir, "05-b.conflist"));
        await Becomes(network, "third");
        File.Delete(Path.Combine(_site.ConfDir, "05-b.conflist"));
        await Becomes(network, "second");
        File.Delete(Path.Combine(_site.ConfDir, "10-a.conflist"));
        await Becomes(network, null);
    }

    [Fact]
    public async Task Status_DirectoryRemovedAndMadeAgain_Follows()
    {
        _site.Configure("10-a.conflist", List("first"));
        using var network = _site.Open();

        for (var round = 0; round < 3; round++)
        {
            Directory.Delete(_site.ConfDir, recursive: true);
            await Becomes(network, null);
            Directory.CreateDirectory(_site.ConfDir);
            _site.Configure("10-a.conflist", List($"round-{round}"));
            await Becomes(network, $"round-{round}");
        }
    }

    [Fact]
    public async Task Status_ParentsRemovedAndMadeAgain_Follows()
    {
        var parent = Path.Combine(_site.Root, "etc");
        var deep = Path.Combine(parent, "cni", "net.d");
        using var network = new CniNetwork(new CniOptions { ConfDir = deep, BinDirs = [_site.BinDir], CacheDir = _site.CacheDir });

        for (var round = 0; round < 3; round++)
        {
            Directory.CreateDirectory(deep);
            File.WriteAllText(Path.Combine(deep, "10-a.conflist"), List($"round-{round}"));
            await Becomes(network, $"round-{round}");
            Directory.Delete(parent, recursive: true);
            await Becomes(network, null);
        }
    }

    [Fact]
    public async Task Status_ParentMovedAwayAndAnotherInItsPlace_Follows()
    {
        var parent = Path.Combine(_site.Root, "etc");
        var confDir = Path.Combine(parent, "net.d");
        Directory.CreateDirectory(confDir);
        File.WriteAllText(Path.Combine(confDir, "10-a.conflist"), List("old"));
        var prepared = Directory.CreateDirectory(Path.Combine(_site.Root, "new", "net.d")).FullName;
        File.WriteAllText(Path.Combine(prepared, "10-a.conflist"), List("new"));
        using var network = new CniNetwork(new CniOptions { ConfDir = confDir, BinDirs = [_site.BinDir], CacheDir = _site.CacheDir });

        Directory.Move(parent, parent + ".old");
        await Becomes(network, null);
        Directory.Move(Path.Combine(_site.Root, "new"), parent);
        await Becomes(network, "new");
    }

    [Fact]
    public async Task Status_LinkToADirectoryIsTurned_Follows()
    {
        foreach (var name in new[] { "one", "two" })
        {
            var target = Directory.CreateDirectory(Path.Combine(_site.Root, name)).FullName;
            File.WriteAllText(Path.Combine(target, "10-a.conflist"), List(name));
        }

        var link = Path.Combine(_site.Root, "link");
        File.CreateSymbolicLink(link, Path.Combine(_site.Root, "one"));
        using var network = new CniNetwork(new CniOptions { ConfDir = link, BinDirs = [_site.BinDir], CacheDir = _site.CacheDir });
        await Becomes(network, "one");

        File.Delete(link);
        File.CreateSymbolicLink(link, Path.Combine(_site.Root, "two"));

        await Becomes(network, "two");
    }

    private static string List(string name) => $$"""{"cniVersion":"1.0.0","name":"{{name}}","plugins":[{"type":"bridge"}]}""";

    private static async Task Becomes(CniNetwork network, string? name)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (network.Status.NetworkName != name)
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}
