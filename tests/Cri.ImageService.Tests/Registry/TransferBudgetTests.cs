using Cri.ImageService.Registry;

namespace Cri.ImageService.Tests.Registry;

public sealed class TransferBudgetTests
{
    private readonly TransferBudget _budget = new(new ImageServiceOptions
    {
        Root = "",
        MaxConnections = 3,
        MaxConnectionsPerHost = 2,
        DownloadMemory = 2 * TransferBudget.PartSize,
    });

    [Fact]
    public async Task EnterAsync_HostIsFull_WaitsForThatHostOnly()
    {
        using var first = await _budget.EnterAsync("a", CancellationToken.None);
        using var second = await _budget.EnterAsync("a", CancellationToken.None);
        var third = _budget.EnterAsync("a", CancellationToken.None);
        using var other = await _budget.EnterAsync("b", CancellationToken.None);

        Assert.False(third.IsCompleted);
        other.Dispose();
        first.Dispose();
        (await third).Dispose();
    }

    [Fact]
    public async Task EnterAsync_Cancelled_TakesNothing()
    {
        var taken = new[] { _budget.TryEnter("a"), _budget.TryEnter("b"), _budget.TryEnter("c") };
        using var cancel = new CancellationTokenSource();
        var waiting = _budget.EnterAsync("d", cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Array.ForEach(taken, lease => lease!.Dispose());
        Assert.All([_budget.TryEnter("d"), _budget.TryEnter("d"), _budget.TryEnter("a")], Assert.NotNull);
    }

    [Fact]
    public void TryEnter_NothingLeft_IsNull()
    {
        using var first = _budget.TryEnter("a");
        using var second = _budget.TryEnter("a");
        Assert.Null(_budget.TryEnter("a"));
        using var third = _budget.TryEnter("b");
        Assert.Null(_budget.TryEnter("c"));

        third!.Dispose();
        third.Dispose();

        Assert.NotNull(_budget.TryEnter("c"));
        Assert.Null(_budget.TryEnter("d"));
    }

    [Fact]
    public void TryRent_NothingLeft_IsNullUntilReturned()
    {
        var (first, second) = (_budget.TryRent()!, _budget.TryRent()!);
        Assert.Null(_budget.TryRent());

        _budget.Return(first);

        Assert.Same(first, _budget.TryRent());
        Assert.Null(_budget.TryRent());
        _budget.Return(first);
        _budget.Return(second);
    }
}
