using Cri.Linux;
using Cri.Shim.Exit;
using Cri.Shim.Io;
using Cri.Shim.Runtime;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.Types;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Tasks;

/// <summary>The first process of a container; its end is the container's.</summary>
internal sealed class InitProcess(TaskEnvironment environment, Stdio stdio, string id, string bundle, BundleConfiguration configuration)
    : ContainerProcess(environment, stdio)
{
    private const string Name = "init";
    private static readonly TimeSpan _killInterval = TimeSpan.FromMilliseconds(20);
    private const int KillAttempts = 100;
    private const int CodeOfSigKill = 128 + Signals.SigKill;
    private int? _oomWatch;
    private long? _killsInSlice;
    private bool _oomKilled;

    /// <summary>The cgroups of the container; null until it was made, or when it was gone at once.</summary>
    public ProcessCgroups? Cgroups { get; private set; }

    /// <inheritdoc/>
    protected override string Title => $"container {id}";

    /// <summary>Has the runtime make the container.</summary>
    public Task CreateAsync(OciRuntimeCommand runtime) =>
        MakeAsync((io, pidFile) => runtime.CreateAsync(io.Descriptors, io.ConsolePath, pidFile));

    /// <summary>Has the runtime make the container and start it.</summary>
    public async Task RunAsync(OciRuntimeCommand runtime)
    {
        await MakeAsync((io, pidFile) => runtime.RunAsync(io.Descriptors, io.ConsolePath, pidFile));
        MarkStarted();
    }

    /// <summary>Has the runtime make the container from a checkpoint; it runs then.</summary>
    public Task RestoreAsync(OciRuntimeCommand runtime, string imagePath)
    {
        var workPath = Path.Combine(bundle, "restore");
        return MakeAsync((io, pidFile) => runtime.RestoreAsync(imagePath, workPath, io.Descriptors, io.ConsolePath, pidFile));
    }

    /// <summary>Marks the container as started, unless it ended meanwhile.</summary>
    public void MarkStarted() => Move(Status.Created, Status.Running);

    /// <summary>Marks the container as frozen, unless it ended meanwhile.</summary>
    public void MarkPaused() => Move(Status.Running, Status.Paused);

    /// <summary>Marks the container as thawed, unless it ended meanwhile.</summary>
    public void MarkResumed() => Move(Status.Paused, Status.Running);

    /// <summary>Sends a signal to every process of the container. Returns how many there were.</summary>
    public int KillAll(int signal)
    {
        WasKilled |= signal == Signals.SigKill;
        return SignalAll(signal);
    }

    /// <inheritdoc/>
    protected override void OnReaped()
    {
        // systemd removes the cgroup of a scope, and the counter with it, as soon as it is empty: there is no time to lose.
        CountOomKills();
    }

    /// <inheritdoc/>
    protected override async Task BeforeDrainAsync()
    {
        // The kernel ends a pid namespace with its init. In a shared one the others would live on.
        for (var i = 0; !configuration.OwnsPidNamespace && i < KillAttempts && Processes().Count > 0; i++)
        {
            SignalAll(Signals.SigKill);
            await Environment.Io.Loop.Delay(_killInterval);
        }
    }

    /// <inheritdoc/>
    protected override ProcessExit Record(ProcessExit exit)
    {
        CountOomKills();
        Environment.Oom.End(_oomWatch);
        exit = exit with { OomKilled = _oomKilled || IsOomKilledBySlice(exit.Code) };
        WriteRecord(exit);
        if (exit.OomKilled)
        {
            Environment.Events.Publish("/tasks/oom", "containerd.events.TaskOOM", new TaskOOM { ContainerId = id });
        }

        Environment.Events.Publish("/tasks/exit", "containerd.events.TaskExit", new TaskExit
        {
            ContainerId = id,
            Id = id,
            Pid = (uint)exit.Pid,
            ExitStatus = (uint)exit.Code,
            ExitedAt = Timestamp.FromDateTime(exit.At),
        });
        return exit;
    }

    // On a full disk or in a directory that was removed: those who ask still hear of it.
    private void WriteRecord(ProcessExit exit)
    {
        try
        {
            ExitRecord.Write(bundle, exit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Environment.Log($"exit record of {Title}: {e.Message}");
        }
    }

    private void CountOomKills() => _oomKilled |= Cgroups is not null && CgroupOom.Kills(Cgroups) > 0;

    // A container that shares our own cgroup has none by which its processes could be told.
    private IReadOnlyList<int> Processes() =>
        Cgroups?.Pids() is { } pids && !pids.Contains(System.Environment.ProcessId) ? pids : [];

    private int SignalAll(int signal)
    {
        var pids = Processes();
        return signal == Signals.SigKill && pids.Count > 0 && Cgroups!.TryKill()
            ? pids.Count
            : pids.Count == 0 ? 0 : HeldProcesses.Signal(pids, Cgroups!.Pids, signal);
    }

    // systemd removes a scope as soon as it is empty, most often before its count can be read. What is left is the slice's, which has
    // others in it too: the pod's containers tell only why this one failed, the whole system's only why a SIGKILL came that was not
    // sent from here.
    private bool IsOomKilledBySlice(int code) => Cgroups is { } cgroups && CgroupOom.Kills(cgroups) is null && !WasKilled
        && (code == CodeOfSigKill || (code != 0 && CgroupOom.HasSliceOfItsOwn(cgroups)))
        && CgroupOom.KillsInSlice(cgroups) > _killsInSlice;

    private async Task MakeAsync(Func<ProcessIo, string, Task> make)
    {
        using var claim = Environment.Io.Children.Claim();
        Io = await ProcessIo.OpenAsync(Environment.Io, Stdio, bundle, Name, id);
        try
        {
            // Whoever runs at once may also end at once: what it could have been killed in is looked at before.
            var planned = ContainerCgroup.PathOf(configuration.CgroupsPath) is { } path ? ProcessCgroups.At(path) : null;
            _killsInSlice = planned is null ? null : CgroupOom.KillsInSlice(planned) ?? 0;
            var pidFile = Path.Combine(bundle, $"{Name}.pid");
            await make(Io, pidFile);
            Io.Attach();
            var pid = PidFile.Read(pidFile);
            Cgroups = FindCgroups(pid) ?? planned;
            _oomWatch = Cgroups is null ? null : Environment.Oom.Begin(Cgroups, CountOomKills);
            Supervise(pid);
        }
        catch
        {
            await Io.CloseAsync();
            throw;
        }
    }

    private void Move(Status from, Status to)
    {
        if (Status == from)
        {
            Status = to;
        }
    }

    private static ProcessCgroups? FindCgroups(int pid)
    {
        try
        {
            // One that has ended is in the root of each hierarchy of version 1, which is nobody's own.
            return ProcessCgroups.Of(pid) is { Directories.Count: > 0 } cgroups ? cgroups : null;
        }
        catch (IOException)
        {
            // It is gone altogether.
            return null;
        }
    }
}
