using Cri.Linux;
using Cri.Shim.Exit;
using Cri.Shim.Io;
using Cri.Shim.Runtime;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.Types;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Tasks;

/// <summary>The first process of a container; its end is the container's.</summary>
internal sealed class InitProcess(TaskEnvironment environment, Stdio stdio, string id, string bundle, bool ownsPidNamespace)
    : ContainerProcess(environment, stdio)
{
    private const string Name = "init";
    private static readonly TimeSpan _killInterval = TimeSpan.FromMilliseconds(20);
    private const int KillAttempts = 100;

    /// <summary>The cgroups of the container; null until it was made, or when it was gone at once.</summary>
    public ProcessCgroups? Cgroups { get; private set; }

    /// <inheritdoc/>
    protected override string Title => $"container {id}";

    /// <summary>Has the runtime make the container.</summary>
    public async Task CreateAsync(OciRuntimeCommand runtime)
    {
        using var claim = Environment.Io.Children.Claim();
        Io = await ProcessIo.OpenAsync(Environment.Io, Stdio, bundle, Name, id);
        try
        {
            var pidFile = Path.Combine(bundle, $"{Name}.pid");
            await runtime.CreateAsync(Io.Descriptors, Io.ConsolePath, pidFile);
            Io.Attach();
            var pid = PidFile.Read(pidFile);
            Cgroups = FindCgroups(pid);
            Supervise(pid);
        }
        catch
        {
            await Io.CloseAsync();
            throw;
        }
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
        var pids = Cgroups?.Pids() ?? [];

        // A container that shares our own cgroup has none by which its processes could be told.
        return pids.Contains(System.Environment.ProcessId) ? 0 : pids.Count(pid => Signals.Send(pid, signal));
    }

    /// <inheritdoc/>
    protected override async Task BeforeDrainAsync()
    {
        // The kernel ends a pid namespace with its init. In a shared one the others would live on.
        for (var i = 0; !ownsPidNamespace && i < KillAttempts && KillAll(Signals.SigKill) > 0; i++)
        {
            await Environment.Io.Loop.Delay(_killInterval);
        }
    }

    /// <inheritdoc/>
    protected override ProcessExit Record(ProcessExit exit)
    {
        exit = exit with { OomKilled = Cgroups is not null && CgroupOom.Kills(Cgroups) > 0 };
        ExitRecord.Write(bundle, exit);
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
            return ProcessCgroups.Of(pid);
        }
        catch (IOException)
        {
            // The process is a zombie already, or less.
            return null;
        }
    }
}
