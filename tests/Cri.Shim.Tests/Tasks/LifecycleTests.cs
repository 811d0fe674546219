using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Types;

namespace Cri.Shim.Tests.Tasks;

public sealed class LifecycleTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Container_FromCreateToDelete_GoesThroughItsStates()
    {
        var container = TestContainer.Prepare(_shim, "echo out; echo err >&2; exit 7");
        await container.CreateAsync();
        var state = await container.StateAsync();
        Assert.Equal(Status.Created, state.Status);
        Assert.Equal((uint)container.Pid, state.Pid);
        await container.StartAsync();
        var exit = await container.WaitAsync();
        Assert.Equal(7u, exit.ExitStatus);

        var record = container.ExitRecord();
        Assert.Equal(container.Pid, (int)record["pid"]!);
        Assert.Equal(7, (int)record["exitCode"]!);
        Assert.Equal(0, (int)record["signal"]!);
        Assert.False((bool)record["oomKilled"]!);
        Assert.Equal(exit.ExitedAt.ToDateTime(), ((DateTime)record["exitedAt"]!).ToUniversalTime());
        Assert.Equal(["out", "err"], container.LogLines().Select(line => line.Split(' ', 4)[3]).OrderDescending());

        state = await container.StateAsync();
        Assert.Equal(Status.Stopped, state.Status);
        Assert.Equal(7u, state.ExitStatus);
        var deleted = await container.DeleteAsync();
        Assert.Equal(7u, deleted.ExitStatus);
        Assert.Equal((uint)container.Pid, deleted.Pid);
        var e = await Assert.ThrowsAsync<TtrpcException>(() => container.StateAsync());
        Assert.Equal(TtrpcStatusCode.NotFound, e.Code);
    }

    [Fact]
    public async Task Wait_KilledBySignal_ReportsItAs128PlusSignal()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        await container.KillAsync(9);
        Assert.Equal(137u, (await container.WaitAsync()).ExitStatus);
        Assert.Equal(9, (int)container.ExitRecord()["signal"]!);
        var e = await Assert.ThrowsAsync<TtrpcException>(() => container.KillAsync(15));
        Assert.Equal(TtrpcStatusCode.NotFound, e.Code);
        Assert.Contains("process already finished", e.Message, StringComparison.Ordinal);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Wait_ByManyClients_AnswersAll()
    {
        var container = await TestContainer.RunAsync(_shim, "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done");
        var waits = new List<Task<WaitResponse>>();
        for (var i = 0; i < 20; i++)
        {
            var tasks = new TaskClient(await _shim.ConnectAsync());
            waits.Add(tasks.WaitAsync(new WaitRequest { Id = container.Id }));
        }

        await container.WaitForLogAsync("ready");
        await container.KillAsync(15);
        Assert.All(await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(60)), exit => Assert.Equal(3u, exit.ExitStatus));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Wait_OutOfMemory_IsRecordedAsOomKilled()
    {
        var container = await TestContainer.RunAsync(_shim, "dd if=/dev/zero of=/dev/null bs=64M count=1; exit 9", adapt: configuration =>
            configuration["linux"]!["resources"]!["memory"] = new System.Text.Json.Nodes.JsonObject { ["limit"] = 16 << 20, ["swap"] = 16 << 20 });
        Assert.Equal(9u, (await container.WaitAsync()).ExitStatus);
        Assert.True((bool)container.ExitRecord()["oomKilled"]!);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Create_InitKilledBeforeStart_EndsAndCannotBeStarted()
    {
        var container = TestContainer.Prepare(_shim, "true");
        await container.CreateAsync();
        await container.KillAsync(9);
        Assert.Equal(137u, (await container.WaitAsync()).ExitStatus);
        var e = await Assert.ThrowsAsync<TtrpcException>(container.StartAsync);
        Assert.Equal(TtrpcStatusCode.FailedPrecondition, e.Code);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Delete_NeverStarted_RemovesTheContainer()
    {
        var container = TestContainer.Prepare(_shim, "true");
        await container.CreateAsync();
        Assert.Equal(137u, (await container.DeleteAsync()).ExitStatus);
    }

    [Fact]
    public async Task Delete_Running_IsRefused()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var e = await Assert.ThrowsAsync<TtrpcException>(() => container.DeleteAsync());
        Assert.Equal(TtrpcStatusCode.FailedPrecondition, e.Code);
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Create_SameIdTwice_AlreadyExists()
    {
        var container = TestContainer.Prepare(_shim, "true");
        await container.CreateAsync();
        var e = await Assert.ThrowsAsync<TtrpcException>(() => container.CreateAsync());
        Assert.Equal(TtrpcStatusCode.AlreadyExists, e.Code);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Start_MissingProgram_CarriesTheRuntimesWordsAndLeavesNothing()
    {
        var container = TestContainer.Prepare(_shim, "true", adapt: configuration => configuration["process"]!["args"]![0] = "/no/such/program");
        var e = await Assert.ThrowsAsync<TtrpcException>(async () =>
        {
            await container.CreateAsync();
            await container.StartAsync();
        });
        Assert.Equal(TtrpcStatusCode.Unknown, e.Code);
        Assert.Contains("/no/such/program", e.Message, StringComparison.Ordinal);
        Assert.Contains("no such file", e.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("State")]
    [InlineData("Kill")]
    [InlineData("Delete")]
    [InlineData("Wait")]
    [InlineData("Start")]
    [InlineData("Checkpoint")]
    public async Task Call_UnknownContainer_IsNotFound(string method)
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => method switch
        {
            "State" => _shim.Tasks.StateAsync(new StateRequest { Id = "none" }),
            "Kill" => _shim.Tasks.KillAsync(new KillRequest { Id = "none", Signal = 9 }),
            "Delete" => _shim.Tasks.DeleteAsync(new DeleteRequest { Id = "none" }),
            "Wait" => _shim.Tasks.WaitAsync(new WaitRequest { Id = "none" }),
            "Checkpoint" => _shim.Tasks.CheckpointAsync(new CheckpointTaskRequest { Id = "none", Path = "/none" }),
            _ => _shim.Tasks.StartAsync(new StartRequest { Id = "none" }),
        });
        Assert.Equal(TtrpcStatusCode.NotFound, e.Code);
        Assert.Contains("none", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version2_OfTheService_IsServedAsWell()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var v2 = new TaskClient(await _shim.ConnectAsync(), service: TtrpcServiceName.TaskV2);
        Assert.Equal(Status.Running, (await v2.StateAsync(new StateRequest { Id = container.Id })).Status);
        var connected = await v2.ConnectAsync(new ConnectRequest { Id = container.Id });
        Assert.Equal((uint)_shim.Pid, connected.ShimPid);
        Assert.Equal((uint)container.Pid, connected.TaskPid);
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Shim_ClientGoneAndBack_KeepsContainerLogAndExit()
    {
        var container = TestContainer.Prepare(_shim, "while ! [ -e /tmp/go ]; do sleep 0.05; done; echo late; exit 4");
        await container.CreateAsync(request => request.Rootfs.Add(new Cri.Ttrpc.Types.Mount { Type = "tmpfs", Source = "tmpfs", Target = "/tmp" }));
        await container.StartAsync();
        await using (var gone = await _shim.ConnectAsync())
        {
            _ = new TaskClient(gone).WaitAsync(new WaitRequest { Id = container.Id }).ContinueWith(wait => wait.Exception, TaskScheduler.Default);
        }

        File.WriteAllText($"/proc/{container.Pid}/root/tmp/go", string.Empty);
        var tasks = new TaskClient(await _shim.ConnectAsync());
        Assert.Equal(4u, (await tasks.WaitAsync(new WaitRequest { Id = container.Id }).WaitAsync(TimeSpan.FromSeconds(60))).ExitStatus);
        Assert.Equal("late\n", container.LogText());
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Shim_PoliteSignals_AreIgnored()
    {
        var ping = new Cri.Ttrpc.SandboxApi.PingRequest { SandboxId = _shim.Id };
        await _shim.Sandbox.PingSandboxAsync(ping);
        foreach (var signal in (int[])[1, 2, 13, 15])
        {
            Signals.Send(_shim.Pid, signal);
        }

        await _shim.Sandbox.PingSandboxAsync(ping);
    }

    [Fact]
    public async Task Shutdown_WithAndWithoutContainers_EndsOnlyAnEmptyShim()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        await _shim.Tasks.ShutdownAsync(new ShutdownRequest { Id = container.Id });
        await container.RemoveAsync();
        await _shim.Tasks.ShutdownAsync(new ShutdownRequest { Id = container.Id });
        Assert.Equal(0, (await _shim.WaitForEndAsync()).Code);
    }
}
