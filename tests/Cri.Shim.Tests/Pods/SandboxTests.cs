using System.Text.Json.Nodes;
using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;
using Cri.Ttrpc.SandboxApi;

namespace Cri.Shim.Tests.Pods;

public sealed class SandboxTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    private string Pins => Path.Combine(_shim.Directory, "ns");

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Sandbox_FromCreateToStop_PinsAndUnpinsItsNamespaces()
    {
        await CreateAsync(new SandboxOptions { Namespaces = { "net", "ipc", "uts" } });
        Assert.Equal(["ipc", "net", "uts"], MountTable.Below(Pins).Select(entry => Path.GetFileName(entry.Target)).Order());
        var status = await _shim.Sandbox.SandboxStatusAsync(new SandboxStatusRequest { SandboxId = _shim.Id });
        Assert.Equal("SANDBOX_READY", status.State);
        var waiting = _shim.Sandbox.WaitSandboxAsync(new WaitSandboxRequest { SandboxId = _shim.Id });
        await _shim.Sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = _shim.Id });
        Assert.Equal(0u, (await waiting.WaitAsync(TimeSpan.FromSeconds(60))).ExitStatus);
        Assert.Empty(MountTable.Below(Pins));
        Assert.False(Directory.Exists(Pins));
        status = await _shim.Sandbox.SandboxStatusAsync(new SandboxStatusRequest { SandboxId = _shim.Id });
        Assert.Equal("SANDBOX_NOTREADY", status.State);
        await _shim.Sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = _shim.Id });
    }

    [Fact]
    public async Task Containers_OfOnePod_ShareItsNamespaces()
    {
        await CreateAsync(new SandboxOptions
        {
            Namespaces = { "net", "ipc", "uts" },
            Hostname = "a-pod",
            Sysctls = { ["net.ipv4.ip_unprivileged_port_start"] = "77", ["kernel.shm_rmid_forced"] = "1" },
        });
        const string Script = "hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced; ip addr show lo; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; exec sleep 1000";
        var one = await TestContainer.RunAsync(_shim, Script, "one", JoinPod);
        var two = await TestContainer.RunAsync(_shim, Script, "two", JoinPod);
        await one.WaitForLogAsync("ipc:");
        await two.WaitForLogAsync("ipc:");
        Assert.Equal(one.LogText(), two.LogText());
        Assert.StartsWith("a-pod\n77\n1\n", one.LogText(), StringComparison.Ordinal);
        Assert.Contains("127.0.0.1/8", one.LogText(), StringComparison.Ordinal);
        Assert.NotEqual("a-pod", File.ReadAllText("/proc/sys/kernel/hostname").Trim());

        await _shim.Sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = _shim.Id });
        Assert.Equal(137u, (await one.WaitAsync()).ExitStatus);
        Assert.Equal(137u, (await two.WaitAsync()).ExitStatus);
        await one.DeleteAsync();
        await two.DeleteAsync();
    }

    [Theory]
    [InlineData("no.such.parameter")]
    [InlineData("../../etc/passwd")]
    public async Task CreateSandbox_SysctlThatFails_UndoesEverything(string name)
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => CreateAsync(new SandboxOptions { Namespaces = { "net", "uts" }, Sysctls = { [name] = "1" } }));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.Empty(MountTable.Below(_shim.Directory));
        Assert.False(Directory.Exists(Pins));

        // The failed attempt does not stand in the way of a better one.
        await CreateAsync(new SandboxOptions { Namespaces = { "uts" } });
    }

    [Fact]
    public async Task CreateSandbox_UnknownNamespace_IsInvalidArgument()
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => CreateAsync(new SandboxOptions { Namespaces = { "pid" } }));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, e.Code);
    }

    [Fact]
    public async Task Sandbox_OfAnotherId_IsNotFound()
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => _shim.Sandbox.PingSandboxAsync(new PingRequest { SandboxId = "other" }));
        Assert.Equal(TtrpcStatusCode.NotFound, e.Code);
    }

    private Task<CreateSandboxResponse> CreateAsync(SandboxOptions options) => _shim.Sandbox.CreateSandboxAsync(new CreateSandboxRequest
    {
        SandboxId = _shim.Id,
        BundlePath = _shim.Directory,
        Options = TypeUrl.Pack(TypeUrl.SandboxOptions, options),
    });

    private void JoinPod(JsonNode configuration)
    {
        foreach (var ns in configuration["linux"]!["namespaces"]!.AsArray())
        {
            var pin = (string)ns!["type"]! switch { "network" => "net", "ipc" => "ipc", "uts" => "uts", _ => null };
            if (pin is not null)
            {
                ns["path"] = Path.Combine(Pins, pin);
            }
        }
    }
}
