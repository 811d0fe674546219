using Cri.Linux;
using Cri.Shim.Containerd;
using Cri.Shim.Io;
using Cri.Shim.Loop;
using Cri.Shim.Pods;
using Cri.Shim.Processes;
using Cri.Shim.Rpc;
using Cri.Shim.Services;
using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.Server;

namespace Cri.Shim;

/// <summary>The shim itself: wires everything and runs the loop until it is shut down.</summary>
internal static class ServeCommand
{
    private const int ListenerDescriptor = 3;

    /// <summary>Serves the socket that the starter left as descriptor 3.</summary>
    public static void Run(CommandLine line)
    {
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
        var environment = new TaskEnvironment(io, events, StandardStreams.Log);
        var containers = new ContainerTable(environment);
        var lifetime = new Lifetime(loop, events, line.Socket);
        var tasks = new TaskService(environment, containers, lifetime);
        var dispatcher = new TtrpcDispatcher(
            tasks.Under(TtrpcServiceName.TaskV3),
            tasks.Under(TtrpcServiceName.TaskV2),
            new SandboxService(new Pod(loop, containers, line.Id), lifetime).Service,
            new PodShimService(containers).Service);

        _ = new RpcListener(loop, listener, dispatcher, StandardStreams.Log).RunAsync();
        loop.Run();
    }

    // Events go to containerd alone, which gives itself away by its namespace.
    private static string? EventsAddress(CommandLine line) =>
        line.Namespace is not null && Environment.GetEnvironmentVariable("TTRPC_ADDRESS") is { Length: > 0 } address ? address : null;
}
