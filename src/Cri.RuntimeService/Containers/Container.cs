using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// A container.
/// <code>
///  CreateContainer      StartContainer       exit            RemoveContainer
/// ───────────► CREATED ───────────► RUNNING ──────► EXITED ──────────────► gone
///                 └── start fails: EXITED, reason StartError
/// </code>
/// </summary>
public sealed class Container
{
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ContainerRecord _record;

    /// <summary>A container as recorded.</summary>
    public Container(ContainerRecord record, Sandbox sandbox)
    {
        _record = record;
        Sandbox = sandbox;
        Files = sandbox.Files.Container(record.Id);
        SignalExit(record);
    }

    /// <summary>The container id.</summary>
    public string Id => _record.Id;

    /// <summary>The newest record.</summary>
    public ContainerRecord Record => Volatile.Read(ref _record);

    /// <summary>Its pod.</summary>
    public Sandbox Sandbox { get; }

    /// <summary>Where its files lie.</summary>
    public ContainerLayout Files { get; }

    /// <summary>Puts its life-cycle operations in a row.</summary>
    public OperationGate Gate { get; } = new();

    /// <summary>Completes once the container has exited and its exit is recorded.</summary>
    public Task Exited => _exited.Task;

    /// <summary>The state in the CRI's terms.</summary>
    public V1.ContainerState State => Record.State();

    /// <summary>
    /// Swaps the record in memory. Enough for an exit, which the shim's <c>exit.json</c> already keeps.
    /// </summary>
    /// <returns>The record that is now the newest.</returns>
    public ContainerRecord Update(Func<ContainerRecord, ContainerRecord> change)
    {
        while (true)
        {
            var current = Record;
            var next = change(current);
            if (ReferenceEquals(Interlocked.CompareExchange(ref _record, next, current), current))
            {
                SignalExit(next);
                return next;
            }
        }
    }

    /// <summary>Swaps the record and writes it; only the holder of <see cref="Gate"/> does this.</summary>
    public void Persist(Func<ContainerRecord, ContainerRecord> change) =>
        RecordFile.Write(Files.Record, Update(change), RecordJson.Default.ContainerRecord);

    private void SignalExit(ContainerRecord record)
    {
        if (record.FinishedAt > 0)
        {
            _exited.TrySetResult();
        }
    }
}
