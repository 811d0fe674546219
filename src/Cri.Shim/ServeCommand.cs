using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Shim.Containerd;
using Cri.Shim.Io;
using Cri.Shim.Loop;
using Cri.Shim.Pods;
using Cri.Shim.Processes;
using Cri.Shim.Rpc;
using Cri.Shim.Runtime;
using Cri.Shim.Services;
using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.Server;

namespace Cri.Shim;

/// <summary>The shim itself: wires everything and runs the loop until it is shut down.</summary>
internal static class ServeCommand
{
    /// <summary>The variable by which containerd names the socket that takes events.</summary>
    public const string EventsVariable = "TTRPC_ADDRESS";

    private const int ListenerDescriptor = 3;

    /// <summary>Serves the socket that the starter left as descriptor 3.</summary>
    public static void Run(CommandLine line)
    {
        ThreadCapabilities.DropUnneeded();
        OomScore.RaiseOwn();
        Subreaper.Become();
        foreach (var signal in (int[])[Signals.SigHup, Signals.SigInt, Signals.SigPipe, Signals.SigTerm])
        {
            // A pod must not end because a terminal or a server did; the sandbox service ends it.
            Signals.Ignore(signal);
        }

        using var listener = new Fd(ListenerDescriptor);
        FdStream.SetCloseOnExec(listener);
        FdStream.SetNonBlocking(listener);
        using var loop = new EventLoop();
        SynchronizationContext.SetSynchronizationContext(loop);

        var events = new EventPublisher(loop, EventsAddress(line), line.Namespace, StandardStreams.Log);
        var io = new IoServices(loop, new DiskThread(), new BufferPool(), new Children(loop), line.Namespace);
        using var oom = new OomWatch(loop, StandardStreams.Log);
        var environment = new TaskEnvironment(io, events, oom, StandardStreams.Log, line.RuntimeLimit ?? OciRuntimeCommand.DefaultLimit);
        var containers = new ContainerTable(environment);
        var lifetime = new Lifetime(loop, events, line.Socket);
        var tasks = new TaskService(environment, containers, lifetime);
        var dispatcher = new TtrpcDispatcher(
            tasks.Under(TtrpcServiceName.TaskV3),
            tasks.Under(TtrpcServiceName.TaskV2),
            new SandboxService(new Pod(loop, containers, line.Id), lifetime).Service,
            new PodShimService(containers).Service);

        _ = new RpcListener(loop, listener, dispatcher, StandardStreams.Log).RunAsync();
        FaultPoint.Reach(ShimFaultPoints.ShimServing);
        var rest = new Rest();
        loop.Run(rest.Breathe, rest.Take);
    }

    // Events go to containerd alone, which gives itself away by its namespace.
    private static string? EventsAddress(CommandLine line) =>
        line.Namespace is not null && Environment.GetEnvironmentVariable(EventsVariable) is { Length: > 0 } address ? address : null;
}
