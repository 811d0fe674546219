using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Types;

namespace Cri.Shim.Tests.Tasks;

public sealed class ExecTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;
    private TestContainer _container = null!;

    public async Task InitializeAsync()
    {
        _shim = await ShimProcess.StartAsync();
        _container = await TestContainer.RunAsync(_shim, "sleep 1000");
    }

    public async Task DisposeAsync()
    {
        await _container.RemoveAsync();
        await _shim.DisposeAsync();
    }

    [Fact]
    public async Task Exec_Many_RunBesideEachOtherWithTheirOwnExitCodes()
    {
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => _container.ExecAsync($"e{i}", $"exit {i}")));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal((uint)i, (await _container.WaitAsync($"e{i}")).ExitStatus);
            await _container.DeleteAsync($"e{i}");
        }
    }

    [Fact]
    public async Task Exec_Killed_EndsAloneAndIsListedWhileItRuns()
    {
        await _container.ExecAsync("e", "sleep 1000");
        Assert.Equal(Status.Running, (await _container.StateAsync("e")).Status);
        var pids = (await _shim.Tasks.PidsAsync(new PidsRequest { Id = _container.Id })).Processes;
        var exec = Assert.Single(pids, process => process.Info is not null);
        Assert.Equal("e", ProcessDetails.Parser.ParseFrom(exec.Info.Value).ExecId);
        Assert.Contains(pids, process => process.Pid == _container.Pid);
        await _shim.Tasks.KillAsync(new KillRequest { Id = _container.Id, ExecId = "e", Signal = 9 });
        Assert.Equal(137u, (await _container.WaitAsync("e")).ExitStatus);
        Assert.Equal(Status.Running, (await _container.StateAsync()).Status);
        await _container.DeleteAsync("e");
    }

    [Fact]
    public async Task Exec_KilledWithAll_TakesItsProcessGroupAlong()
    {
        await _container.ExecAsync("e", "sleep 4321 & sleep 4321; true");
        await _shim.Tasks.KillAsync(new KillRequest { Id = _container.Id, ExecId = "e", Signal = 9, All = true });
        Assert.Equal(137u, (await _container.WaitAsync("e")).ExitStatus);
        await WaitUntilAsync(async () => (await _shim.Tasks.PidsAsync(new PidsRequest { Id = _container.Id })).Processes.Count == 1);
        await _container.DeleteAsync("e");
    }

    [Fact]
    public async Task Exec_MissingProgram_CarriesTheRuntimesWords()
    {
        await _shim.Tasks.ExecAsync(new ExecProcessRequest
        {
            Id = _container.Id,
            ExecId = "e",
            Spec = TypeUrl.PackJson(TypeUrl.Process, TestContainer.ProcessJson("/no/such/program")),
        });
        var e = await Assert.ThrowsAsync<TtrpcException>(() => _shim.Tasks.StartAsync(new StartRequest { Id = _container.Id, ExecId = "e" }));
        Assert.Equal(TtrpcStatusCode.Unknown, e.Code);
        Assert.Contains("/no/such/program", e.Message, StringComparison.Ordinal);
        await _container.DeleteAsync("e");
    }

    [Fact]
    public async Task Exec_UnknownOutput_IsRefusedAndCanBeDeleted()
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => _container.ExecAsync("e", "true", request => request.Stdout = "odd:///x"));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, e.Code);
        await _container.DeleteAsync("e");
        Assert.Equal(TtrpcStatusCode.NotFound, (await Assert.ThrowsAsync<TtrpcException>(() => _container.StateAsync("e"))).Code);
    }

    [Fact]
    public async Task Exec_BadRequests_HaveTheirCodes()
    {
        var request = new ExecProcessRequest { Id = _container.Id, ExecId = "../e", Spec = TypeUrl.PackJson(TypeUrl.Process, "{}"u8) };
        Assert.Equal(TtrpcStatusCode.InvalidArgument, (await Assert.ThrowsAsync<TtrpcException>(() => _shim.Tasks.ExecAsync(request))).Code);
        request.ExecId = "e";
        await _shim.Tasks.ExecAsync(request);
        Assert.Equal(TtrpcStatusCode.AlreadyExists, (await Assert.ThrowsAsync<TtrpcException>(() => _shim.Tasks.ExecAsync(request))).Code);
        Assert.Equal(TtrpcStatusCode.FailedPrecondition, (await Assert.ThrowsAsync<TtrpcException>(
            () => _shim.Tasks.KillAsync(new KillRequest { Id = _container.Id, ExecId = "e", Signal = 9 }))).Code);
        await _container.DeleteAsync("e");
        Assert.Equal(TtrpcStatusCode.NotFound, (await Assert.ThrowsAsync<TtrpcException>(() => _container.StateAsync("e"))).Code);
    }

    private static async Task WaitUntilAsync(Func<Task<bool>> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(60); !await holds(); await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < until, "it never came to hold");
        }
    }
}
