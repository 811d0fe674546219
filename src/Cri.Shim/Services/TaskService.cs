using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.Server;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <summary>containerd's task service. Versions 2 and 3 have the same messages and so the same methods.</summary>
internal sealed partial class TaskService(TaskEnvironment environment, ContainerTable containers, Lifetime lifetime)
{
    private static readonly Empty Nothing = new();

    /// <summary>The service under one of its names.</summary>
    public TtrpcService Under(string name) => new(name, new Dictionary<string, TtrpcMethod>
    {
        ["State"] = TtrpcMethod.Unary(StateRequest.Parser, (StateRequest request, CancellationToken _) => Done(State(request))),
        ["Create"] = TtrpcMethod.Unary(CreateTaskRequest.Parser, (CreateTaskRequest request, CancellationToken _) => CreateAsync(request)),
        ["Start"] = TtrpcMethod.Unary(StartRequest.Parser, (StartRequest request, CancellationToken _) => StartAsync(request)),
        ["Delete"] = TtrpcMethod.Unary(DeleteRequest.Parser, (DeleteRequest request, CancellationToken _) => DeleteAsync(request)),
        ["Pids"] = TtrpcMethod.Unary(PidsRequest.Parser, (PidsRequest request, CancellationToken _) => Done(Pids(request))),
        ["Pause"] = TtrpcMethod.Unary(PauseRequest.Parser, (PauseRequest request, CancellationToken _) => PauseAsync(request)),
        ["Resume"] = TtrpcMethod.Unary(ResumeRequest.Parser, (ResumeRequest request, CancellationToken _) => ResumeAsync(request)),
        ["Checkpoint"] = TtrpcMethod.Unary(CheckpointTaskRequest.Parser, (CheckpointTaskRequest request, CancellationToken _) => Checkpoint(request)),
        ["Kill"] = TtrpcMethod.Unary(KillRequest.Parser, (KillRequest request, CancellationToken _) => KillAsync(request)),
        ["Exec"] = TtrpcMethod.Unary(ExecProcessRequest.Parser, (ExecProcessRequest request, CancellationToken _) => Done(Exec(request))),
        ["ResizePty"] = TtrpcMethod.Unary(ResizePtyRequest.Parser, (ResizePtyRequest request, CancellationToken _) => Done(ResizePty(request))),
        ["CloseIO"] = TtrpcMethod.Unary(CloseIORequest.Parser, (CloseIORequest request, CancellationToken _) => Done(CloseIO(request))),
        ["Update"] = TtrpcMethod.Unary(UpdateTaskRequest.Parser, (UpdateTaskRequest request, CancellationToken _) => UpdateAsync(request)),
        ["Wait"] = TtrpcMethod.Unary<WaitRequest, WaitResponse>(WaitRequest.Parser, WaitAsync),
        ["Stats"] = TtrpcMethod.Unary(StatsRequest.Parser, (StatsRequest request, CancellationToken _) => Done(Stats(request))),
        ["Connect"] = TtrpcMethod.Unary(ConnectRequest.Parser, (ConnectRequest request, CancellationToken _) => Done(Connect(request))),
        ["Shutdown"] = TtrpcMethod.Unary(ShutdownRequest.Parser, (ShutdownRequest request, CancellationToken _) => Done(Shutdown(request))),
    });

    private static Task<T> Done<T>(T answer) => Task.FromResult(answer);

    private ConnectResponse Connect(ConnectRequest request)
    {
        var taskPid = containers.Find(request.Id).Init.Pid;
        return new ConnectResponse { ShimPid = (uint)Environment.ProcessId, TaskPid = (uint)taskPid, Version = "v3" };
    }

    private Empty Shutdown(ShutdownRequest request)
    {
        // containerd asks after each container of a group; only the last one ends the shim.
        if (containers.IsEmpty || request.Now)
        {
            lifetime.End();
        }

        return Nothing;
    }

    private static Task<Empty> Checkpoint(CheckpointTaskRequest request) =>
        throw new TtrpcException(TtrpcStatusCode.Unimplemented, $"checkpoint of container {request.Id}: this shim cannot checkpoint");
}
