using System.Globalization;
using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public sealed class PluginFailureTests : IDisposable
{
    private readonly CniSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task AddAsync_PluginAnswersWithAnError_PassesItsWordsOn()
    {
        var error = await FailAsync("""echo '{"cniVersion":"1.0.0","code":7,"msg":"no addresses","details":"10.9.0.0/30 is full"}'; exit 1""");

        Assert.Equal((CniFailure.PluginFailed, "bad", 7), (error.Failure, error.Plugin, error.Code));
        Assert.Equal("CNI plugin bad of network pods: ADD of sandbox pod1: no addresses: 10.9.0.0/30 is full (code 7)", error.Message);
    }

    [Theory]
    [InlineData("echo oh dear >&2; exit 3", CniFailure.PluginFailed, "exited with 3 without a JSON error; on its standard error: \"oh dear\"")]
    [InlineData("kill -9 $$", CniFailure.PluginFailed, "was killed by signal 9 without a JSON error")]
    [InlineData("echo panic: nil; exit 2", CniFailure.PluginFailed, "exited with 2 without a JSON error; it printed \"panic: nil\"")]
    [InlineData("exit 0", CniFailure.InvalidResult, "printed no JSON result: \"\"")]
    [InlineData("echo '{\"ips\": ['", CniFailure.InvalidResult, "printed no JSON result")]
    [InlineData("echo '[]'", CniFailure.InvalidResult, "printed no JSON result")]
    [InlineData("head -c 100000 /dev/urandom", CniFailure.InvalidResult, "printed no JSON result")]
    [InlineData("head -c 100000000 /dev/zero", CniFailure.InvalidResult, "printed more than a result may have and was killed")]
    [InlineData("exec yes", CniFailure.InvalidResult, "printed more than a result may have and was killed")]
    [InlineData("printf '{\"ips\":[{\"address\":\"\\377\"}]}'", CniFailure.InvalidResult, "printed no JSON result")]
    [InlineData("echo '{\"code\":1,\"msg\":\"\\ud800\"}'; exit 1", CniFailure.PluginFailed, "exited with 1 without a JSON error")]
    [InlineData("echo '{\"code\":\"7\",\"msg\":\"full\"}'; exit 1", CniFailure.PluginFailed, ": full")]
    [InlineData("echo '{}'", CniFailure.InvalidResult, "gives the pod's interface eth0 no address")]
    [InlineData("echo '{\"ips\":[{\"address\":\"10.0.0.300/24\"}]}'", CniFailure.InvalidResult, "\"10.0.0.300/24\" is no address")]
    [InlineData("echo '{\"ips\":\"none\"}'", CniFailure.InvalidResult, "\"ips\" is not a list")]
    public async Task AddAsync_PluginMisbehaves_SaysHowAndIsUndone(string add, CniFailure failure, string words)
    {
        var error = await FailAsync(add);

        Assert.Equal(failure, error.Failure);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.Equal(["ADD good", "ADD bad", "DEL bad", "DEL good"], _site.Calls);
        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    [Fact]
    public async Task AddAsync_PluginHangs_IsKilledWithItsChildrenAndUndone()
    {
        var error = await FailAsync($"sleep 1000 & echo $! > {_site.Root}/child; wait", TimeSpan.FromSeconds(20));

        Assert.Equal(CniFailure.Timeout, error.Failure);
        Assert.Contains("did not end within 20 s and was killed", error.Message, StringComparison.Ordinal);
        Assert.Equal(["ADD good", "ADD bad", "DEL bad", "DEL good"], _site.Calls);
        await Ends(File.ReadAllText(Path.Combine(_site.Root, "child")).Trim());
    }

    [Fact]
    public async Task AddAsync_PluginMissing_NamesItAndWhereItWasLookedFor()
    {
        _site.Plugin("good");
        _site.Network(["good", "absent"]);
        using var network = _site.Open();

        var error = await Assert.ThrowsAsync<CniException>(() => network.AddAsync(CniSite.Pod(), CancellationToken.None));

        Assert.Equal((CniFailure.PluginMissing, "absent"), (error.Failure, error.Plugin));
        Assert.Contains($"there is no file absent in {_site.Root}/absent or {_site.BinDir}", error.Message, StringComparison.Ordinal);
        Assert.Equal(["ADD good", "DEL good"], _site.Calls);
        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    [Fact]
    public async Task AddAsync_PluginIsNoProgram_SaysSo()
    {
        File.WriteAllText(Path.Combine(_site.BinDir, "text"), "no program");
        _site.Network(["text"]);
        using var network = _site.Open();

        var error = await Assert.ThrowsAsync<CniException>(() => network.AddAsync(CniSite.Pod(), CancellationToken.None));

        Assert.Contains("the plugin cannot be started", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddAsync_UndoFailsToo_SaysBothAndKeepsTheRecord()
    {
        _site.Plugin("good");
        _site.Plugin("bad", add: "echo '{\"code\":5,\"msg\":\"first\"}'; exit 1", delete: "echo '{\"code\":5,\"msg\":\"second\"}'; exit 1");
        _site.Network(["good", "bad"]);
        using var network = _site.Open();

        var error = await Assert.ThrowsAsync<CniException>(() => network.AddAsync(CniSite.Pod(), CancellationToken.None));
        _site.Plugin("bad");
        await network.DeleteAsync(CniSite.Pod(), CancellationToken.None);

        Assert.Contains("first", error.Message, StringComparison.Ordinal);
        Assert.Contains("undoing it failed too", error.Message, StringComparison.Ordinal);
        Assert.Contains("second", error.Message, StringComparison.Ordinal);
        Assert.Equal(["ADD good", "ADD bad", "DEL bad", "DEL good", "DEL bad", "DEL good"], _site.Calls);
        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    [Fact]
    public async Task AddAsync_Cancelled_KillsThePluginAndUndoes()
    {
        _site.Plugin("good");
        _site.Plugin("bad", add: "sleep 1000");
        _site.Network(["good", "bad"]);
        using var network = _site.Open();
        using var cancellation = new CancellationTokenSource();
        var add = network.AddAsync(CniSite.Pod(), cancellation.Token);
        while (_site.Calls.Length < 2)
        {
            await Task.Delay(10);
        }

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => add);
        Assert.Equal(["ADD good", "ADD bad", "DEL bad", "DEL good"], _site.Calls);
        Assert.Empty(Directory.GetFiles(_site.CacheDir));
    }

    private async Task<CniException> FailAsync(string add, TimeSpan? timeout = null)
    {
        _site.Plugin("good");
        _site.Plugin("bad", add);
        _site.Network(["good", "bad"]);
        using var network = _site.Open(timeout);
        return await Assert.ThrowsAsync<CniException>(() => network.AddAsync(CniSite.Pod(), CancellationToken.None));
    }

    // A killed process is gone, perhaps while it is looked at, or waits to be reaped by whoever inherits it.
    private static async Task Ends(string pid)
    {
        try
        {
            while (!File.ReadAllText($"/proc/{int.Parse(pid, CultureInfo.InvariantCulture)}/stat").Contains(") Z ", StringComparison.Ordinal))
            {
                await Task.Delay(10);
            }
        }
        catch (IOException)
        {
        }
    }
}
