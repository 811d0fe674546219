using System.Globalization;
using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Types;

namespace Cri.Shim.Tests.Tasks;

public sealed class ResourceTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Pause_ThenResume_FreezesAndThaws()
    {
        var container = await TestContainer.RunAsync(_shim, "echo ready; exec sleep 1000");
        await container.WaitForLogAsync("ready");
        await _shim.Tasks.PauseAsync(new PauseRequest { Id = container.Id });
        Assert.Equal(Status.Paused, (await container.StateAsync()).Status);
        var e = await Assert.ThrowsAsync<TtrpcException>(() => _shim.Tasks.PauseAsync(new PauseRequest { Id = container.Id }));
        Assert.Equal(TtrpcStatusCode.FailedPrecondition, e.Code);
        await _shim.Tasks.ResumeAsync(new ResumeRequest { Id = container.Id });
        Assert.Equal(Status.Running, (await container.StateAsync()).Status);
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Kill_Paused_EndsTheContainer()
    {
        var container = await TestContainer.RunAsync(_shim, "echo ready; exec sleep 1000");
        await container.WaitForLogAsync("ready");
        await _shim.Tasks.PauseAsync(new PauseRequest { Id = container.Id });
        await container.KillAsync(9);
        Assert.Equal(137u, (await container.WaitAsync()).ExitStatus);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Kill_All_ReachesEveryProcess()
    {
        // The init ignores the signal; its child does not.
        var container = await TestContainer.RunAsync(_shim, "trap '' TERM; (trap 'echo child; exit' TERM; echo ready; while :; do sleep 0.05; done); echo init; exit 8");
        await container.WaitForLogAsync("ready");
        await container.KillAsync(15, all: true);
        Assert.Equal(8u, (await container.WaitAsync()).ExitStatus);

        // The shell also reports the sleep that was killed.
        Assert.Equal(["ready", "child", "init"], container.LogText().Split('\n').Where(line => line is not ("Terminated" or "")));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Exit_InASharedPidNamespace_TakesTheOtherProcessesAlong()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 54321 & sleep 54322 & echo $!; exit 0", adapt: configuration =>
        {
            var namespaces = configuration["linux"]!["namespaces"]!.AsArray();
            namespaces.RemoveAt(0);
        });
        await container.WaitAsync();
        var child = int.Parse(container.LogText(), CultureInfo.InvariantCulture);
        Assert.False(IsAlive(child));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Update_OfMemory_ChangesTheLimit()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        await _shim.Tasks.UpdateAsync(new UpdateTaskRequest
        {
            Id = container.Id,
            Resources = TypeUrl.PackJson(TypeUrl.Resources, """{"memory":{"limit":67108864}}"""u8),
        });
        var response = await _shim.Tasks.StatsAsync(new StatsRequest { Id = container.Id });
        var stats = Cri.Ttrpc.CrispApi.Stats.Parser.ParseFrom(response.Stats.Value);
        Assert.Equal(67108864ul, stats.MemoryLimitBytes);
        Assert.InRange(stats.MemoryWorkingSetBytes, 1ul, stats.MemoryUsageBytes);
        Assert.NotEqual(0ul, stats.Pids);
        Assert.NotEqual(0ul, stats.CpuUsageNanos);
        await container.RemoveAsync();
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains("5432", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
