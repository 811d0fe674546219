namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// Puts the life-cycle operations of one object in a row. Reads never pass through it: they see the immutable record.
/// It belongs to one pod or container, so a stuck operation can delay no other object.
/// </summary>
#pragma warning disable CA1001 // without a wait handle there is nothing to dispose of
public sealed class OperationGate
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Waits for the turn; dispose the result to pass it on.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        return new Turn(_turn);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        private SemaphoreSlim? _turn = turn;

        public void Dispose() => Interlocked.Exchange(ref _turn, null)?.Release();
    }
}
