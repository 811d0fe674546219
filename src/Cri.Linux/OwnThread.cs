namespace Cri.Linux;

/// <summary>
/// Runs something on a thread that is made for it and ends with it: what changes the state of a thread for good
/// (unshare(2)), or may block for long. Nobody goes on there: what awaits it continues elsewhere. All the same a thread in another
/// network namespace must come back (<see cref="Namespaces.WithinNet"/>) where a thread pool is in use: a pool starts its threads from
/// whichever thread has work for it, and a new thread has the namespaces of the one that started it (clone(2)).
/// </summary>
public static class OwnThread
{
    private const int StackSize = 256 << 10;

    /// <summary>Runs it and waits. What it throws, this throws.</summary>
    public static void Run(Action action) => RunAsync(action).GetAwaiter().GetResult();

    /// <summary>Runs it. What it throws, the task carries.</summary>
    public static Task RunAsync(Action action) => RunAsync(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs it and hands on its result.</summary>
    public static Task<T> RunAsync<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Complete(function, result), StackSize) { IsBackground = true };
        thread.Start();
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
}
