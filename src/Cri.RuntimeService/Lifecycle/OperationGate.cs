using System.Diagnostics;
using Cri.Linux.Tracing;
using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// Puts the life-cycle operations of one object in a row. Reads never pass through it: they see the immutable record.
/// It belongs to one pod or container, so a stuck operation can delay no other object.
/// </summary>
/// <param name="subject">Whose it is, for error texts.</param>
#pragma warning disable CA1001 // without a wait handle there is nothing to dispose of
public sealed class OperationGate(string subject)
{
    /// <summary>How long an operation waits for its turn.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private Turn? _current;

    /// <summary>
    /// Waits for the turn; dispose the result to pass it on. Throws UNAVAILABLE after <see cref="Bound"/>, naming the operation that
    /// has the turn.
    /// </summary>
    /// <param name="operation">What is going to be done, for those who wait for it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IDisposable> EnterAsync(string operation, CancellationToken cancellationToken)
    {
        using var span = _turn.CurrentCount > 0 ? null : Spans.Begin("wait", Volatile.Read(ref _current)?.Operation);
        if (!await _turn.WaitAsync(Bound, cancellationToken))
        {
            throw new RpcException(new Status(
                StatusCode.Unavailable, $"{operation} of {subject}: {Volatile.Read(ref _current)?.ToString() ?? "another operation"} has not ended yet"));
        }

        return Begin(operation);
    }

    /// <summary>Waits for the turn for as long as it takes.</summary>
    public async Task<IDisposable> EnterAtLastAsync(string operation)
    {
        await _turn.WaitAsync();
        return Begin(operation);
    }

    private Turn Begin(string operation)
    {
        var turn = new Turn(_turn, operation);
        Volatile.Write(ref _current, turn);
        return turn;
    }

    private sealed class Turn(SemaphoreSlim turn, string operation) : IDisposable
    {
        private readonly long _began = Stopwatch.GetTimestamp();
        private SemaphoreSlim? _turn = turn;

        public string Operation => operation;

        public void Dispose() => Interlocked.Exchange(ref _turn, null)?.Release();

        public override string ToString() => $"{operation}, which began {Stopwatch.GetElapsedTime(_began).TotalSeconds:0} s ago,";
    }
}
