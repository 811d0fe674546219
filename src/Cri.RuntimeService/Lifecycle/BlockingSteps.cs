using System.Collections.Concurrent;
using Cri.Linux;
using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// Runs what may block in the kernel for as long as a disk or a server pleases, such as an unmount, on a thread of its own, and waits
/// for it only so long. A step that is still under way is joined by its next attempt, so that no second thread gets stuck in it.
/// </summary>
public sealed class BlockingSteps
{
    /// <summary>How long a step is waited for.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Step> _steps = new(StringComparer.Ordinal);

    /// <summary>
    /// Runs it. What it throws, this throws; DEADLINE_EXCEEDED when it does not end in time, naming the path and where in the kernel
    /// its thread waits.
    /// </summary>
    /// <param name="what">What is done, such as <c>remove</c>; the path is put after it.</param>
    /// <param name="path">What it is done to.</param>
    /// <param name="action">The step. It may be run again after a failure.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task RunAsync(string what, string path, Action action, CancellationToken cancellationToken)
    {
        var key = $"{what} {path}";
        var mine = new Step();
        var step = _steps.GetOrAdd(key, mine);
        if (ReferenceEquals(step, mine))
        {
            Begin(key, mine, action);
        }

        try
        {
            await step.End.WaitAsync(Bound, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"{key}: it did not end within {Bound.TotalSeconds:0} s{step.Where()}"));
        }
    }

    private void Begin(string key, Step step, Action action)
    {
        void Forget() => _steps.TryRemove(KeyValuePair.Create(key, step));
        try
        {
            step.Begin(action, Forget);
        }
        catch
        {
            // No thread could be started: the next attempt must not wait for what never began.
            Forget();
            throw;
        }
    }

    private sealed class Step
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _thread;

        internal Task End => _end.Task;

        internal void Begin(Action action, Action ended) => _ = OwnThread.RunAsync(() =>
        {
            _thread = ThreadIdentity.Current;
            Exception? failure = null;
            try
            {
                action();
            }
            catch (Exception error)
            {
                failure = error;
            }

            // Forgotten first: who tries again after it has ended must not join what is over.
            ended();
            Complete(failure);
        });

        internal string Where() => StuckProcess.OfThread(Environment.ProcessId, Volatile.Read(ref _thread)) is { WaitChannel.Length: > 0 } stuck
            ? $" (wait channel {stuck.WaitChannel}{(stuck.Path.Length > 0 ? $", at {stuck.Path}" : "")})"
            : "";

        private void Complete(Exception? failure)
        {
            if (failure is null)
            {
                _end.SetResult();
            }
            else
            {
                _end.SetException(failure);
                _ = _end.Task.Exception; // observed: those who waited may have gone
            }
        }
    }
}
