using Cri.RuntimeService.Lifecycle;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public class StuckRetriesTests
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string?> _told = [];

    [Fact]
    public async Task RunAsync_StuckAtFirst_ThrowsThatAndGoesOnUntilItSucceeds()
    {
        await using var retries = new StuckRetries(new Journal(_ => _done.TrySetResult(), _ => { }));
        var attempts = 0;

        var error = await Assert.ThrowsAsync<RpcException>(() => retries.RunAsync("Stop", "id", Stuck, Again, _told.Add));

        Assert.Equal("stuck", error.Status.Detail);
        await _done.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(2, attempts);
        Assert.Equal(["stuck", "still", null], _told);

        Task Again(CancellationToken token) => ++attempts < 2 ? throw new IOException("still") : Task.CompletedTask;
    }

    [Fact]
    public async Task RunAsync_WrongRequest_IsNotTriedAgain()
    {
        await using var retries = new StuckRetries(new Journal(_ => { }, _ => { }));

        await Assert.ThrowsAsync<RpcException>(() => retries.RunAsync(
            "Stop", "id", () => throw CriError.Invalid("wrong"), _ => throw new InvalidOperationException("must not run"), _told.Add));

        Assert.Empty(_told);
    }

    private static Task Stuck() => throw new RpcException(new Status(StatusCode.DeadlineExceeded, "stuck"));
}
