using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Shim.Exit;
using Cri.Shim.Io;
using Cri.Shim.Runtime;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Types;

namespace Cri.Shim.Tasks;

/// <summary>A container: its bundle, its runtime, its init and execs.</summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never asked for holds nothing, and somebody may still wait for it.
internal sealed class Container
#pragma warning restore CA1001
{
    private static readonly TimeSpan _cgroupLimit = TimeSpan.FromSeconds(5);

    private readonly TaskEnvironment _environment;
    private readonly OciRuntimeCommand _runtime;
    private readonly RootFilesystem _rootfs;
    private readonly (uint User, uint Group) _ioOwner;
    private readonly string _checkpoint;
    private readonly bool _startsAtOnce;
    private bool _isStarted;
    private readonly string _cgroupsPath;
    private readonly Dictionary<string, ExecProcess> _execs = [];

    // One change of state at a time; signals, reads and waits go past it.
    private readonly SemaphoreSlim _gate = new(1, 1);

    private Container(TaskEnvironment environment, CreateTaskRequest request)
    {
        _environment = environment;
        Id = request.Id;
        Bundle = request.Bundle;
        var options = RuntimeOptions.From(request.Options, environment.Io.Namespace);
        _runtime = new OciRuntimeCommand(environment.Io.Children, options, Bundle, Id, environment.RuntimeLimit);
        _rootfs = new RootFilesystem(Bundle);
        _ioOwner = options.IoOwner;
        var stdio = new Stdio(request.Stdin, request.Stdout, request.Stderr, request.Terminal) { Owner = _ioOwner };
        _checkpoint = request.Checkpoint;
        var configuration = BundleConfiguration.Read(Bundle);
        _cgroupsPath = configuration.CgroupsPath;
        _startsAtOnce = request.CrispStart && _checkpoint.Length == 0;
        Init = new InitProcess(environment, stdio, Id, Bundle, configuration);
    }

    /// <summary>The id, unique in the shim.</summary>
    public string Id { get; }

    /// <summary>The directory with config.json.</summary>
    public string Bundle { get; }

    /// <summary>The first process.</summary>
    public InitProcess Init { get; }

    /// <summary>The execs by id.</summary>
    public IReadOnlyDictionary<string, ExecProcess> Execs => _execs;

    /// <summary>
    /// Makes a container whose init waits to be started, or is made from a checkpoint then, or runs already if that was asked for; a failure
    /// leaves nothing.
    /// </summary>
    public static async Task<Container> CreateAsync(TaskEnvironment environment, CreateTaskRequest request)
    {
        var container = new Container(environment, request);
        RuntimeOptions.Save(container.Bundle, request.Options);
        await container._rootfs.MountAsync(request.Rootfs);
        FaultPoint.Reach(ShimFaultPoints.ShimRootMounted);
        try
        {
            if (container._startsAtOnce)
            {
                await container.Init.RunAsync(container._runtime);
            }
            else if (request.Checkpoint.Length == 0)
            {
                await container.Init.CreateAsync(container._runtime);
            }

            FaultPoint.Reach(ShimFaultPoints.ShimCreated);

            return container;
        }
        catch
        {
            await container.TryAsync(container._runtime.DeleteAsync);
            await container.TryAsync(container.RemoveCgroupAsync);
            await container.TryAsync(container._rootfs.UnmountAsync);
            throw;
        }
    }

    /// <summary>The process: the init for an empty id. Throws NOT_FOUND.</summary>
    public ContainerProcess Find(string execId) => execId.Length == 0 ? Init : FindExec(execId);

    /// <summary>The exec. Throws NOT_FOUND.</summary>
    public ExecProcess FindExec(string execId) => _execs.TryGetValue(execId, out var exec)
        ? exec
        : throw new TtrpcException(TtrpcStatusCode.NotFound, $"exec {execId} of container {Id} does not exist");

    /// <summary>Starts the init; nothing happens the first time if it was started with the container, whatever has become of it.</summary>
    public Task StartAsync() => ExclusivelyAsync(async () =>
    {
        if (_startsAtOnce && !_isStarted)
        {
            _isStarted = true;
            FaultPoint.Reach(ShimFaultPoints.ShimStarted);
            return;
        }

        Require(Init.Status == Status.Created && Init.Exit is null, "start");
        if (_checkpoint.Length == 0)
        {
            await _runtime.StartAsync();
        }
        else
        {
            await Init.RestoreAsync(_runtime, _checkpoint);
        }

        FaultPoint.Reach(ShimFaultPoints.ShimStarted);
        Init.MarkStarted();
    });

    /// <summary>Adds an exec to start later.</summary>
    public void AddExec(string execId, Stdio stdio, byte[] specification, ReadOnlyMemory<byte> program)
    {
        Require(Init.Status is Status.Running or Status.Created, "exec in");
        if (!_execs.TryAdd(execId, new ExecProcess(_environment, stdio with { Owner = _ioOwner }, Id, Bundle, execId, specification, program)))
        {
            throw new TtrpcException(TtrpcStatusCode.AlreadyExists, $"exec {execId} of container {Id} exists");
        }
    }

    /// <summary>Starts an exec. Execs start beside each other, not one after the other.</summary>
    public async Task StartAsync(ExecProcess exec, string execId)
    {
        if (exec.IsStarted)
        {
            throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, $"exec {execId} of container {Id} was started already");
        }

        Require(Init.Status == Status.Running, "exec in");
        await exec.StartAsync(_runtime, Init.Pid);
        FaultPoint.Reach(ShimFaultPoints.ShimExecStarted);
    }

    /// <summary>Sends a signal to an exec, or to its process group; SIGKILL then to all it has started.</summary>
    public void Kill(ExecProcess exec, int signal, bool all)
    {
        if (all && signal == Signals.SigKill)
        {
            exec.KillFamily(PidsOfItsOwn, Init.Pid);
        }
        else
        {
            exec.Kill(signal, all);
        }
    }

    /// <summary>Freezes the container.</summary>
    public Task PauseAsync() => ExclusivelyAsync(async () =>
    {
        Require(Init.Status == Status.Running, "pause");
        await _runtime.PauseAsync();
        Init.MarkPaused();
    });

    /// <summary>Thaws the container.</summary>
    public Task ResumeAsync() => ExclusivelyAsync(async () =>
    {
        Require(Init.Status == Status.Paused, "resume");
        await _runtime.ResumeAsync();
        Init.MarkResumed();
    });

    /// <summary>Writes the container's state to a directory; a frozen one stays frozen.</summary>
    public Task CheckpointAsync(string imagePath, CheckpointOptions how) => ExclusivelyAsync(async () =>
    {
        Require(Init.Status is Status.Running or Status.Paused, "checkpoint");
        await _runtime.CheckpointAsync(imagePath, how);
    });

    /// <summary>Changes limits to those of a linux.resources object.</summary>
    public Task UpdateAsync(byte[] resources) => ExclusivelyAsync(async () =>
    {
        Require(Init.Status != Status.Stopped, "update");
        await _runtime.UpdateAsync(resources);
        FaultPoint.Reach(ShimFaultPoints.ShimUpdated);
    });

    /// <summary>Sends a signal to the init, or to every process. A frozen container is thawed to die.</summary>
    public async Task KillAsync(int signal, bool all)
    {
        if (!all)
        {
            Init.Kill(signal);
        }
        else if (Init.KillAll(signal) == 0)
        {
            throw new TtrpcException(TtrpcStatusCode.NotFound, $"container {Id}: process already finished");
        }

        if (signal == Signals.SigKill && Init.Status == Status.Paused)
        {
            await ExclusivelyAsync(async () =>
            {
                if (Init.Status == Status.Paused)
                {
                    await TryAsync(_runtime.ResumeAsync);
                    Init.MarkResumed();
                }
            });
        }
    }

    /// <summary>Removes the container, which must not run; the exit of one never started is that of SIGKILL.</summary>
    public async Task<ProcessExit> DeleteAsync()
    {
        await ExclusivelyAsync(async () =>
        {
            Require(Init.Status is Status.Stopped or Status.Created, "delete");
            await _runtime.DeleteAsync();
            FaultPoint.Reach(ShimFaultPoints.ShimDeleted);
            if (Init.Pid != 0)
            {
                await Init.Exited;
            }

            await _rootfs.UnmountAsync();
            FaultPoint.Reach(ShimFaultPoints.ShimUnmounted);
        });
        return Init.Exit ?? new ProcessExit(0, 128 + Signals.SigKill, Signals.SigKill, DateTime.UtcNow, false);
    }

    /// <summary>Forgets an exec that has ended or never started; the exit is that of a process never made then.</summary>
    public ProcessExit DeleteExec(ExecProcess exec, string execId)
    {
        if (exec.Status == Status.Running || (exec.IsStarted && exec.Status == Status.Created))
        {
            throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, $"cannot delete exec {execId} of container {Id}: it is running");
        }

        _execs.Remove(execId);
        return exec.Exit ?? new ProcessExit(0, 0, 0, DateTime.UtcNow, false);
    }

    // In a cgroup that others share, us among them, nothing tells the container's processes from theirs.
    private IReadOnlyList<int> PidsOfItsOwn()
    {
        var pids = Init.Cgroups?.Pids() ?? [];
        foreach (var pid in pids)
        {
            if (pid == System.Environment.ProcessId)
            {
                return [];
            }
        }

        return pids;
    }

    // A runtime that was killed half-way may leave a process that its own delete does not know of yet.
    private async Task RemoveCgroupAsync()
    {
        if (ContainerCgroup.Of(_cgroupsPath, Id) is { } cgroup && !await cgroup.RemoveAsync(_cgroupLimit, _environment.Io.Loop.Delay))
        {
            throw new IOException($"processes {string.Join(", ", cgroup.Pids())} in its cgroup cannot be ended");
        }
    }

    private void Require(bool holds, string verb)
    {
        if (!holds)
        {
            throw new TtrpcException(
                TtrpcStatusCode.FailedPrecondition, $"cannot {verb} container {Id}: it is {Init.Status.ToString().ToLowerInvariant()}");
        }
    }

    private async Task ExclusivelyAsync(Func<Task> action)
    {
        await _gate.WaitAsync();
        try
        {
            await action();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task TryAsync(Func<Task> cleanUp)
    {
        try
        {
            await cleanUp();
        }
        catch (Exception e)
        {
            // The failure that led here is the one to report.
            _environment.Log($"clean-up of container {Id}: {e.Message}");
        }
    }
}
