using Cri.RuntimeService.Lifecycle;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public class NameRegistryTests
{
    private readonly NameRegistry _names = new("pod sandbox");

    [Fact]
    public async Task RunOnceAsync_IdenticalWhileUnderWay_JoinsTheFirst()
    {
        var gate = new TaskCompletionSource();
        var first = Run("id-1", Request("a"), () => gate.Task);
        var second = Run("id-2", Request("a"), () => throw new InvalidOperationException("must not run"));

        gate.SetResult();

        Assert.Equal("id-1", await first);
        Assert.Equal("id-1", await second);
    }

    [Fact]
    public async Task RunOnceAsync_IdenticalWhenDone_AnswersTheSameId()
    {
        await Run("id-1", Request("a"), () => Task.CompletedTask);

        Assert.Equal("id-1", await Run("id-2", Request("a"), () => throw new InvalidOperationException("must not run")));
    }

    [Fact]
    public async Task RunOnceAsync_DifferentRequest_IsRefusedWithTheHolder()
    {
        await Run("id-1", Request("a"), () => Task.CompletedTask);

        var error = await Assert.ThrowsAsync<RpcException>(() => Run("id-2", Request("b"), () => Task.CompletedTask));

        Assert.Equal(StatusCode.AlreadyExists, error.StatusCode);
        Assert.Contains("id-1", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunOnceAsync_HolderNoLongerUsable_IsRefused()
    {
        await _names.RunOnceAsync("name", Request("a"), () => false, "id-1", () => Task.CompletedTask, default);

        await Assert.ThrowsAsync<RpcException>(() => Run("id-2", Request("a"), () => Task.CompletedTask));
    }

    [Fact]
    public async Task RunOnceAsync_FirstFails_NameIsFreeAgain()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Run("id-1", Request("a"), () => Task.FromException(new InvalidOperationException("boom"))));

        Assert.Equal("id-2", await Run("id-2", Request("a"), () => Task.CompletedTask));
    }

    [Fact]
    public async Task RunOnceAsync_CallerGivesUp_WorkGoesOnForTheNext()
    {
        var gate = new TaskCompletionSource();
        using var impatient = new CancellationTokenSource();
        var first = _names.RunOnceAsync("name", Request("a"), () => true, "id-1", () => gate.Task, impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        var retry = Run("id-2", Request("a"), () => throw new InvalidOperationException("must not run"));
        gate.SetResult();

        Assert.Equal("id-1", await retry);
    }

    [Fact]
    public async Task Release_ByTheHolder_FreesTheName()
    {
        await Run("id-1", Request("a"), () => Task.CompletedTask);

        _names.Release("name", "somebody-else");
        await Assert.ThrowsAsync<RpcException>(() => Run("id-2", Request("b"), () => Task.CompletedTask));
        _names.Release("name", "id-1");

        Assert.Equal("id-3", await Run("id-3", Request("b"), () => Task.CompletedTask));
    }

    private Task<string> Run(string id, V1.RunPodSandboxRequest request, Func<Task> create) =>
        _names.RunOnceAsync("name", request, () => true, id, create, CancellationToken.None);

    private static V1.RunPodSandboxRequest Request(string hostname) => new() { Config = new V1.PodSandboxConfig { Hostname = hostname } };
}
