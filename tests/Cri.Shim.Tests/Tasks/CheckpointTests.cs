using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Types;

namespace Cri.Shim.Tests.Tasks;

/// <summary>What the shim makes of requests; whether CRIU dumps is the conformance tests' matter.</summary>
public sealed class CheckpointTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Checkpoint_RelativePath_IsAnInvalidArgument()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var e = await Assert.ThrowsAsync<TtrpcException>(() => CheckpointAsync(container, "images"));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, e.Code);
        Assert.Contains("\"images\"", e.Message, StringComparison.Ordinal);
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Checkpoint_NotRunning_IsRefused()
    {
        var container = TestContainer.Prepare(_shim, "true");
        await container.CreateAsync();
        var e = await Assert.ThrowsAsync<TtrpcException>(() => CheckpointAsync(container, Path.Combine(_shim.Directory, "images")));
        Assert.Equal(TtrpcStatusCode.FailedPrecondition, e.Code);
        Assert.Contains("created", e.Message, StringComparison.Ordinal);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Checkpoint_RuntimeFails_CarriesItsWordsAndTheContainerRunsOn()
    {
        var container = await TestContainer.RunAsync(_shim, "echo ready; while ! [ -e /dev/go ]; do sleep 0.05; done; echo on; sleep 1000");
        await container.WaitForLogAsync("ready");

        // The images cannot lie in a file, with or without CRIU on the machine.
        var file = Path.Combine(_shim.Directory, "file");
        await File.WriteAllTextAsync(file, "");
        var e = await Assert.ThrowsAsync<TtrpcException>(() => CheckpointAsync(container, Path.Combine(file, "images")));

        Assert.Equal(TtrpcStatusCode.Unknown, e.Code);
        Assert.StartsWith($"OCI runtime checkpoint of {container.Id} failed: ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("without a message", e.Message, StringComparison.Ordinal);
        Assert.Equal(Status.Running, (await container.StateAsync()).Status);
        await File.WriteAllTextAsync($"/proc/{container.Pid}/root/dev/go", "");
        await container.WaitForLogAsync("on");
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Create_FromACheckpoint_MakesNothingBeforeItsStart()
    {
        var container = TestContainer.Prepare(_shim, "true");
        await container.CreateAsync(request => request.Checkpoint = Path.Combine(_shim.Directory, "none"));
        Assert.Equal(0, container.Pid);
        Assert.Equal(Status.Created, (await container.StateAsync()).Status);

        var e = await Assert.ThrowsAsync<TtrpcException>(container.StartAsync);

        Assert.Equal(TtrpcStatusCode.Unknown, e.Code);
        Assert.StartsWith($"OCI runtime restore of {container.Id} failed: ", e.Message, StringComparison.Ordinal);
        Assert.Equal(137u, (await container.DeleteAsync()).ExitStatus);
    }

    private Task CheckpointAsync(TestContainer container, string path) => _shim.Tasks.CheckpointAsync(new CheckpointTaskRequest
    {
        Id = container.Id,
        Path = path,
        Options = TypeUrl.Pack(TypeUrl.CheckpointOptions, new CheckpointOptions { WorkPath = _shim.Directory }),
    });
}
