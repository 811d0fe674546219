namespace Cri.ImageService.Pull;

/// <summary>
/// Runs one operation for everyone who wants the same thing at the same time. It is cancelled only when the last one
/// who waits for it has gone, and that one then waits until it has cleaned up.
/// </summary>
internal sealed class SharedOperations<TKey, TResult>
    where TKey : notnull
{
    private static readonly TimeSpan _cleanUpMax = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Operation> _running = [];

    /// <summary>Joins the operation with this key, or starts it.</summary>
    /// <param name="key">What makes two wishes the same.</param>
    /// <param name="start">The operation; its token ends with the last waiter.</param>
    /// <param name="cancellation">Ends this wait only.</param>
    internal async Task<TResult> JoinAsync(TKey key, Func<CancellationToken, Task<TResult>> start, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var operation = Enter(key, start);
        try
        {
            return await operation.Task.WaitAsync(cancellation);
        }
        finally
        {
            if (Leave(key, operation))
            {
                await operation.EndAsync(_cleanUpMax);
                operation.Dispose();
            }
        }
    }

    private Operation Enter(TKey key, Func<CancellationToken, Task<TResult>> start)
    {
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out var operation))
            {
                operation = new Operation(start);
                _running.Add(key, operation);
            }

            operation.Waiters++;
            return operation;
        }
    }

    // True for the last one to leave. From then on a newcomer starts anew.
    private bool Leave(TKey key, Operation operation)
    {
        lock (_lock)
        {
            var isLast = --operation.Waiters == 0;
            if ((isLast || operation.Task.IsCompleted) && _running.GetValueOrDefault(key) == operation)
            {
                _running.Remove(key);
            }

            return isLast;
        }
    }

    private sealed class Operation : IDisposable
    {
        private readonly CancellationTokenSource _cancellation = new();

        internal Operation(Func<CancellationToken, Task<TResult>> start)
        {
            var token = _cancellation.Token;
            Task = System.Threading.Tasks.Task.Run(() => start(token), CancellationToken.None);
        }

        public void Dispose() => _cancellation.Dispose();

        internal Task<TResult> Task { get; }

        internal int Waiters { get; set; }

        internal async Task EndAsync(TimeSpan patience)
        {
            await _cancellation.CancelAsync();
            await ((Task)Task).WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
