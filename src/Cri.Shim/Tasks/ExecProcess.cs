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
    TaskEnvironment environment, Stdio stdio, string containerId, string bundle, string execId, byte[] specification)
    : ContainerProcess(environment, stdio)
{
    private bool _isStarting;

    /// <summary>True from the first Start on.</summary>
    public bool IsStarted => _isStarting;

    /// <inheritdoc/>
    protected override string Title => $"exec {execId} of container {containerId}";

    /// <summary>Has the runtime start it.</summary>
    public async Task StartAsync(OciRuntimeCommand runtime)
    {
        _isStarting = true;
        var name = $"exec-{execId}";
        var processFile = Path.Combine(bundle, $"{name}.json");
        var pidFile = Path.Combine(bundle, $"{name}.pid");
        using var claim = Environment.Io.Children.Claim();
        Io = await ProcessIo.OpenAsync(Environment.Io, Stdio, bundle, name, containerId);
        try
        {
            SmallFile.Write(processFile, ProcessSpecification.WithTerminal(specification, Stdio.Terminal));
            await runtime.ExecAsync(processFile, Io.Descriptors, Io.ConsolePath, pidFile);
            Io.Attach();
            Status = Status.Running;
            Supervise(PidFile.Read(pidFile));
        }
        catch
        {
            Status = Status.Stopped;
            await Io.CloseAsync();
            throw;
        }
        finally
        {
            File.Delete(processFile);
            File.Delete(pidFile);
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
