using Cri.Linux;
using Cri.Shim.Exit;
using Cri.Shim.Io;
using Cri.Shim.Runtime;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.Types;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Tasks;

/// <summary>A process added to a container after its init.</summary>
internal sealed class ExecProcess(
    TaskEnvironment environment, Stdio stdio, string containerId, string bundle, string execId, byte[] specification, ReadOnlyMemory<byte> program)
    : ContainerProcess(environment, stdio)
{
    private const int KillRounds = 10;
    private bool _isStarting;

    /// <summary>True from the first Start on.</summary>
    public bool IsStarted => _isStarting;

    /// <inheritdoc/>
    protected override string Title => $"exec {execId} of container {containerId}";

    /// <summary>
    /// Sends SIGKILL to its process group and to all that it has started beside that, as far as anything still tells: see
    /// <see cref="ProcessLineage.StartedBy"/>.
    /// </summary>
    /// <param name="inContainer">Reads the pids of the container.</param>
    /// <param name="init">The container's init.</param>
    public void KillFamily(Func<IReadOnlyList<int>> inContainer, int init)
    {
        var family = Pid == 0 || Exit is not null ? [] : Family();
        var ended = new List<int>(family);

        // The group goes once the others are held: afterwards it would not tell any more who they are, and their numbers may be another's.
        HeldProcesses.Signal(
            family,
            () =>
            {
                var again = family.Count == 0 ? family : Family();
                Kill(Signals.SigKill, group: true);
                return again;
            },
            Signals.SigKill);

        // What was forked between the look and the signal is found by its session.
        for (var round = 1; round < KillRounds && family.Count > 0; round++)
        {
            family = Family();
            family.RemoveAll(ended.Contains);
            HeldProcesses.Signal(family, Family, Signals.SigKill);
            ended.AddRange(family);
        }

        List<int> Family() => ProcessLineage.StartedBy(Pid, inContainer(), init, Io?.OutputPipes ?? []);
    }

    /// <summary>Starts it, by its own program if it has one, else by the OCI runtime.</summary>
    /// <param name="runtime">The container's runtime.</param>
    /// <param name="init">The container's first process.</param>
    public async Task StartAsync(OciRuntimeCommand runtime, int init)
    {
        _isStarting = true;
        var name = $"exec-{execId}";
        var processFile = Path.Combine(bundle, $"{name}.json");
        var pidFile = Path.Combine(bundle, $"{name}.pid");
        using var claim = Environment.Io.Children.Claim();
        try
        {
            Io = await ProcessIo.OpenAsync(Environment.Io, Stdio, bundle, name, containerId);
            var pid = program.IsEmpty ? 0 : await DirectStart.RunAsync(Environment, program, Io.Descriptors, init);
            if (pid == 0)
            {
                SmallFile.Write(processFile, ProcessSpecification.WithTerminal(specification, Stdio.Terminal), SmallFile.OwnerOnly);
                await runtime.ExecAsync(processFile, Io.Descriptors, Io.ConsolePath, pidFile);
                pid = PidFile.Read(pidFile);
            }

            Io.Attach();
            Status = Status.Running;
            Supervise(pid);
        }
        catch
        {
            Status = Status.Stopped;
            if (PidFile.TryRead(pidFile) is { } begun && Pid == 0)
            {
                // Made by a runtime that was killed before it could say so.
                Signals.Send(begun, Signals.SigKill);
            }

            await (Io?.CloseAsync() ?? Task.CompletedTask);
            throw;
        }
        finally
        {
            SmallFile.Delete(processFile);
            SmallFile.Delete(pidFile);
        }
    }

    /// <inheritdoc/>
    protected override ProcessExit Record(ProcessExit exit)
    {
        Environment.Events.Publish("/tasks/exit", "containerd.events.TaskExit", new TaskExit
        {
            ContainerId = containerId,
            Id = execId,
            Pid = (uint)exit.Pid,
            ExitStatus = (uint)exit.Code,
            ExitedAt = Timestamp.FromDateTime(exit.At),
        });
        return exit;
    }
}
