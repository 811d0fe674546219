using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// A pod sandbox.
/// <code>
///   RunPodSandbox       StopPodSandbox        RemovePodSandbox
///  ───────────► Creating ──► Ready ──────────► Stopped ──────────► gone
///                   │           └── the shim dies: listed NOTREADY, still to be stopped
///                   └── any failure: everything undone, gone
/// </code>
/// Readers use <see cref="Record"/>; life-cycle operations take turns through <see cref="Gate"/>.
/// </summary>
public sealed class Sandbox
{
    private SandboxRecord _record;

    /// <summary>A sandbox as recorded.</summary>
    public Sandbox(SandboxRecord record, PodLayout files)
    {
        _record = record;
        Files = files;
    }

    /// <summary>The sandbox id.</summary>
    public string Id => _record.Id;

    /// <summary>The newest record.</summary>
    public SandboxRecord Record => Volatile.Read(ref _record);

    /// <summary>Where its files lie.</summary>
    public PodLayout Files { get; }

    /// <summary>The connected shim; null before it is started and after it ended.</summary>
    public Shim? Shim { get; set; }

    /// <summary>Puts its life-cycle operations in a row.</summary>
    public OperationGate Gate { get; } = new();

    /// <summary>True when its namespaces stand and its shim serves.</summary>
    public bool IsReady => Record.Phase == SandboxPhase.Ready && Shim is { IsAlive: true };

    /// <summary>Swaps the record and writes it; only the holder of <see cref="Gate"/> does this.</summary>
    public void Update(Func<SandboxRecord, SandboxRecord> change)
    {
        var next = change(Record);
        RecordFile.Write(Files.Record, next, RecordJson.Default.SandboxRecord);
        Volatile.Write(ref _record, next);
    }

    /// <summary>The shim, or FAILED_PRECONDITION when the sandbox is not ready.</summary>
    public Shim RequireShim() => Shim is { IsAlive: true } shim && Record.Phase == SandboxPhase.Ready
        ? shim
        : throw CriError.Precondition($"pod sandbox {Id} is not ready");
}
