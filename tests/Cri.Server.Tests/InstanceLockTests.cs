using Xunit;

namespace Cri.Server.Tests;

public sealed class InstanceLockTests : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("crisp-test-");

    public void Dispose() => _state.Delete(recursive: true);

    [Fact]
    public async Task TakeAsync_HeldByAnother_SaysWhichDirectoryIsUsed()
    {
        using var first = await InstanceLock.TakeAsync(_state.FullName, TimeSpan.Zero);

        var error = await Assert.ThrowsAsync<StartException>(() => InstanceLock.TakeAsync(_state.FullName, TimeSpan.FromMilliseconds(50)));

        Assert.Contains(_state.FullName, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakeAsync_HeldByAChildOfOneThatWasKilled_IsTakenOnceThatLetsGo()
    {
        var first = await InstanceLock.TakeAsync(_state.FullName, TimeSpan.Zero);
        var second = InstanceLock.TakeAsync(_state.FullName, TimeSpan.FromSeconds(60));
        await Task.Delay(50);
        Assert.False(second.IsCompleted);

        first.Dispose();

        (await second.WaitAsync(TimeSpan.FromSeconds(60))).Dispose();
    }

    [Fact]
    public async Task TakeAsync_DirectoryThatIsMissing_FailsAtOnceWithThat() =>
        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => InstanceLock.TakeAsync(_state.FullName + "/none", TimeSpan.FromMinutes(10)));
}
