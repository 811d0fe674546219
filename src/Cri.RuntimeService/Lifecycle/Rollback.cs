namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// The undo side of a flow: each step that acquires something pushes how to release it; unless the flow commits,
/// everything is released in reverse. Undo runs under a fresh bounded token, because the caller's may be cancelled.
/// </summary>
/// <param name="report">Called for each undo step that itself fails; the others still run.</param>
public sealed class Rollback(Action<string, Exception> report)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(60);
    private readonly Stack<(string What, Func<CancellationToken, Task> Undo)> _steps = new();

    /// <summary>Adds a step. <paramref name="what"/> names the thing acquired.</summary>
    public void Push(string what, Func<CancellationToken, Task> undo) => _steps.Push((what, undo));

    /// <summary>Adds a step that does not wait.</summary>
    public void Push(string what, Action undo) => _steps.Push((what, _ =>
    {
        undo();
        return Task.CompletedTask;
    }
    ));

    /// <summary>The flow succeeded: keep everything.</summary>
    public void Commit() => _steps.Clear();

    /// <summary>Releases everything, newest first.</summary>
    public async Task UndoAsync()
    {
        while (_steps.TryPop(out var step))
        {
            using var bound = new CancellationTokenSource(_bound);
            try
            {
                await step.Undo(bound.Token);
            }
            catch (Exception error)
            {
                report(step.What, error);
            }
        }
    }
}
