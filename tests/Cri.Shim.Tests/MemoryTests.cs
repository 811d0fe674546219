using System.Globalization;
using Xunit.Abstractions;

namespace Cri.Shim.Tests;

/// <summary>What a shim costs a node, asserted for the published binary that CRISP_SHIM names; others are only reported.</summary>
public sealed class MemoryTests(ITestOutputHelper output) : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Memory_WithOneRunningContainer_StaysWithinItsGoal()
    {
        await _shim.Sandbox.CreateSandboxAsync(new Cri.Ttrpc.SandboxApi.CreateSandboxRequest
        {
            SandboxId = _shim.Id,
            BundlePath = _shim.Directory,
            Options = Cri.Ttrpc.TypeUrl.Pack(Cri.Ttrpc.TypeUrl.SandboxOptions, new Cri.Ttrpc.CrispApi.SandboxOptions { Namespaces = { "net", "ipc", "uts" } }),
        });
        var container = await TestContainer.RunAsync(_shim, "echo ready; exec sleep 1000");
        await container.WaitForLogAsync("ready");
        var rollup = File.ReadAllLines($"/proc/{_shim.Pid}/smaps_rollup");
        var (rss, pss, dirty) = (Kilobytes(rollup, "Rss"), Kilobytes(rollup, "Pss"), Kilobytes(rollup, "Private_Dirty"));
        var threads = Directory.GetDirectories($"/proc/{_shim.Pid}/task").Length;
        output.WriteLine($"RSS {rss} kB, PSS {pss} kB, private dirty {dirty} kB, {threads} threads");
        if (Environment.GetEnvironmentVariable("CRISP_SHIM") is not null)
        {
            Assert.InRange(rss, 1, 5 << 10);
            Assert.InRange(dirty, 1, 1228);
            Assert.InRange(threads, 1, 4);
        }

        await container.RemoveAsync();
    }

    private static int Kilobytes(string[] rollup, string name) =>
        int.Parse(rollup.Single(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
