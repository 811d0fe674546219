using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Lists;
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
    private readonly ChangeCount _changes;
    private ContainerRecord _record;
    private StuckReport? _stuck;
    private Task _start = Task.CompletedTask;
    private bool _isRemovalBegun;
    private bool _isRemoved;

    /// <summary>A container as recorded.</summary>
    /// <param name="record">The record.</param>
    /// <param name="sandbox">Its pod.</param>
    /// <param name="changes">Is told of each new record.</param>
    public Container(ContainerRecord record, Sandbox sandbox, ChangeCount changes)
    {
        _record = record;
        _changes = changes;
        Sandbox = sandbox;
        Files = sandbox.Files.Container(record.Id);
        Gate = new OperationGate($"container {record.Id}");
        SignalExit(record);
    }

    /// <summary>The container id.</summary>
    public string Id => _record.Id;

    /// <summary>The newest record.</summary>
    public ContainerRecord Record => Volatile.Read(ref _record);

    /// <summary>Its entry in lists.</summary>
    internal ListEntry ListEntry { get; } = new();

    /// <summary>Its pod.</summary>
    public Sandbox Sandbox { get; }

    /// <summary>Where its files lie.</summary>
    public ContainerLayout Files { get; }

    /// <summary>Puts its life-cycle operations in a row.</summary>
    public OperationGate Gate { get; }

    /// <summary>Why it does not end although it was killed; null while nothing is wrong.</summary>
    public StuckReport? Stuck
    {
        get => Volatile.Read(ref _stuck);
        set => Volatile.Write(ref _stuck, value);
    }

    /// <summary>Takes why it could not be stopped or removed, in words, or null when it could; the processes in the way stay known.</summary>
    public void TellStuck(string? message) => Stuck = message is null ? null : new StuckReport(message, Stuck?.Processes ?? []);

    /// <summary>The start that is under way or was the last; it never fails, whatever becomes of the container.</summary>
    public Task Start => Volatile.Read(ref _start);

    /// <summary>Completes once the container has exited and its exit is recorded.</summary>
    public Task Exited => _exited.Task;

    /// <summary>True when its first process does not run any more, whether its exit is recorded yet or not.</summary>
    public bool HasEnded => State != V1.ContainerState.ContainerRunning || ProcessState.IsEnding(Record.Pid);

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
                _changes.Add();
                SignalExit(next);
                return next;
            }
        }
    }

    /// <summary>Swaps the record and writes it; only the holder of <see cref="Gate"/> does this.</summary>
    public void Persist(Func<ContainerRecord, ContainerRecord> change) =>
        RecordFile.Write(Files.Record, Update(change), RecordJson.Default.ContainerRecord);

    /// <summary>
    /// Waits for the turn of an operation that needs the container; dispose the result to pass it on. Throws NOT_FOUND when
    /// it was removed meanwhile, FAILED_PRECONDITION when a removal got stuck.
    /// </summary>
    public async Task<IDisposable> EnterAsync(string operation, CancellationToken cancellationToken)
    {
        var turn = await Gate.EnterAsync(operation, cancellationToken);
        if (_isRemoved)
        {
            turn.Dispose();
            throw CriError.NotFound($"container \"{Id}\" not found: it was removed meanwhile");
        }

        if (_isRemovalBegun)
        {
            turn.Dispose();
            throw CriError.Precondition($"container {Id}: its removal has begun and is still to be finished");
        }

        return turn;
    }

    /// <summary>Lets whoever stops the pod wait for this start; only the holder of <see cref="Gate"/> does this.</summary>
    public void Announce(Task start) => Interlocked.Exchange(ref _start, start);

    /// <summary>All that is left to do with it is to remove it; only the holder of <see cref="Gate"/> does this.</summary>
    public void BeginRemoval() => _isRemovalBegun = true;

    /// <summary>Its last operation was its removal; only the holder of <see cref="Gate"/> does this.</summary>
    public void MarkRemoved() => _isRemoved = true;

    private void SignalExit(ContainerRecord record)
    {
        if (record.FinishedAt > 0)
        {
            _exited.TrySetResult();
        }
    }
}
