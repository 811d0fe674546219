namespace Cri.Ttrpc.Server;

/// <summary>The token of one call: cancelled at its deadline or when the connection closes.</summary>
internal sealed class ServerCall : IDisposable
{
    // The longest delay a CancellationTokenSource takes; anything beyond it is no deadline.
    private const long MaxMilliseconds = uint.MaxValue - 1;

    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource? _either;

    public ServerCall(long timeoutNanos, TimeProvider time, CancellationToken closed)
    {
        // Rounded up, and without a sum that could pass the largest number.
        var milliseconds = (timeoutNanos / 1_000_000) + (timeoutNanos % 1_000_000 > 0 ? 1 : 0);
        if (timeoutNanos <= 0 || milliseconds > MaxMilliseconds)
        {
            Token = closed;
            return;
        }

        _deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds), time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(closed, _deadline.Token);
        Token = _either.Token;
    }

    public CancellationToken Token { get; }

    public void Dispose()
    {
        _either?.Dispose();
        _deadline?.Dispose();
    }
}
