using Cri.RuntimeService.Lifecycle;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public class RollbackTests
{
    private readonly List<string> _done = [];
    private readonly List<string> _failed = [];

    [Fact]
    public async Task UndoAsync_SeveralSteps_RunsThemInReverseAndPastFailures()
    {
        var rollback = Filled();
        rollback.Push("broken", () => throw new InvalidOperationException("no"));
        rollback.Push("last", () => _done.Add("last"));

        await rollback.UndoAsync();

        Assert.Equal(["last", "second", "first"], _done);
        Assert.Equal(["broken"], _failed);
    }

    [Fact]
    public async Task UndoAsync_AfterCommit_DoesNothing()
    {
        var rollback = Filled();

        rollback.Commit();
        await rollback.UndoAsync();

        Assert.Empty(_done);
    }

    private Rollback Filled()
    {
        var rollback = new Rollback((what, _) => _failed.Add(what));
        rollback.Push("first", () => _done.Add("first"));
        rollback.Push("second", () => _done.Add("second"));
        return rollback;
    }
}
