using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Lists;
using Cri.RuntimeService.Selinux;
using Cri.RuntimeService.Shims;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// A pod sandbox.
/// <code>
///   RunPodSandbox       StopPodSandbox        RemovePodSandbox
///  ───────────► Creating ──► Ready ──────────► Stopped ──────────► gone
///                   │           └── its shim or its init dies: listed NOTREADY with the reason, still to be stopped
///                   └── any failure: everything undone, gone
/// </code>
/// Readers use <see cref="Record"/>; life-cycle operations take turns through <see cref="Gate"/>.
/// </summary>
public sealed class Sandbox
{
    private SandboxRecord _record;
    private StuckReport? _stuck;
    private int _stops;

    /// <summary>A sandbox as recorded.</summary>
    public Sandbox(SandboxRecord record, PodLayout files)
    {
        _record = record;
        Files = files;
        Gate = new OperationGate($"pod sandbox {record.Id}");
    }

    /// <summary>The sandbox id.</summary>
    public string Id => _record.Id;

    /// <summary>Its entry in lists.</summary>
    internal ListEntry ListEntry { get; } = new();

    /// <summary>The newest record.</summary>
    public SandboxRecord Record => Volatile.Read(ref _record);

    /// <summary>Where its files lie.</summary>
    public PodLayout Files { get; }

    /// <summary>The SELinux labels of its containers; none where the host has none.</summary>
    public SelinuxLabels Labels => Record.Labels ?? SelinuxLabels.None;

    /// <summary>The connected shim; null before it is started and after it ended.</summary>
    public Shim? Shim { get; set; }

    /// <summary>Puts its life-cycle operations in a row.</summary>
    public OperationGate Gate { get; }

    /// <summary>Why it could not be stopped or removed; null while nothing is wrong.</summary>
    public StuckReport? Stuck
    {
        get => Volatile.Read(ref _stuck);
        set => Volatile.Write(ref _stuck, value);
    }

    /// <summary>Takes why it could not be stopped or removed, in words, or null when it could.</summary>
    public void TellStuck(string? message) => Stuck = message is null ? null : new StuckReport(message, []);

    /// <summary>True while it is being stopped: its containers end one after the other, and none may start.</summary>
    public bool IsStopping => Volatile.Read(ref _stops) > 0;

    /// <summary>True when its namespaces stand and its shim serves.</summary>
    public bool IsReady => Record is { Phase: SandboxPhase.Ready, Failure: null } && Shim is { IsAlive: true };

    /// <summary>Lets no container start any more; dispose the result if the stop was not finished.</summary>
    public IDisposable BeginStop() => new StopUnderWay(this);

    /// <summary>Swaps the record and writes it; only the holder of <see cref="Gate"/> does this.</summary>
    public void Update(Func<SandboxRecord, SandboxRecord> change)
    {
        var next = change(Record);
        RecordFile.Write(Files.Record, next, RecordJson.Default.SandboxRecord);
        Volatile.Write(ref _record, next);
    }

    /// <summary>
    /// The same where the change has happened, whether or not it can be written down: on a full disk, or in a directory that was removed
    /// under us, a pod must still come to its end. The next start finds out for itself what the record does not say then.
    /// </summary>
    public void UpdateAnyhow(Func<SandboxRecord, SandboxRecord> change, Journal journal)
    {
        try
        {
            Update(change);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Volatile.Write(ref _record, change(Record));
            journal.Warn($"pod sandbox {Id}: its record cannot be written: {error.Message}");
        }
    }

    /// <summary>The shim, or FAILED_PRECONDITION when the sandbox is not ready.</summary>
    public Shim RequireShim() => Shim is { } shim && IsReady
        ? shim
        : throw CriError.Precondition($"pod sandbox {Id} is not ready{(Failure is { } why ? ": " + why : "")}");

    /// <summary>Why it is not ready though it was not stopped, in words; null when it is, or was stopped.</summary>
    public string? Failure => Record.Phase != SandboxPhase.Ready ? null
        : Record.Failure ?? (Shim is { IsAlive: true } ? null : $"its shim (pid {Record.ShimPid}) ended unexpectedly");

    private sealed class StopUnderWay : IDisposable
    {
        private readonly Sandbox _sandbox;

        public StopUnderWay(Sandbox sandbox) => Interlocked.Increment(ref (_sandbox = sandbox)._stops);

        public void Dispose() => Interlocked.Decrement(ref _sandbox._stops);
    }
}
