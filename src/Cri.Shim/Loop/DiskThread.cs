namespace Cri.Shim.Loop;

/// <summary>
/// The one thread that writes to disks, which may block at any time; it starts with the first write. Work runs in the order
/// it was given.
/// </summary>
internal sealed class DiskThread
{
    private const int StackSize = 128 << 10;

    private readonly Queue<Action> _work = new();
    private bool _started;

    /// <summary>Runs it there; the result or failure comes back to the awaiting loop.</summary>
    public Task<T> RunAsync<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>();
        lock (_work)
        {
            _work.Enqueue(() => Complete(function, result));
            if (!_started)
            {
                _started = true;
                new Thread(Run, StackSize) { IsBackground = true }.Start();
            }

            Monitor.Pulse(_work);
        }

        return result.Task;
    }

    private static void Complete<T>(Func<T> function, TaskCompletionSource<T> result)
    {
        try
        {
            result.SetResult(function());
        }
        catch (Exception e)
        {
            result.SetException(e);
        }
    }

    private void Run()
    {
        while (true)
        {
            Take()();
        }
    }

    private Action Take()
    {
        lock (_work)
        {
            while (_work.Count == 0)
            {
                Monitor.Wait(_work);
            }

            return _work.Dequeue();
        }
    }
}
