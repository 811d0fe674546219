using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.Server;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <summary>containerd's task service. Versions 2 and 3 have the same messages and so the same methods.</summary>
internal sealed partial class TaskService(TaskEnvironment environment, ContainerTable containers, Lifetime lifetime)
{
    private static readonly Empty _nothing = new();

    /// <summary>The service under one of its names.</summary>
    public TtrpcService Under(string name) => new(name, new Dictionary<string, TtrpcMethod>
    {
        ["State"] = TtrpcMethod.Unary(StateRequest.Parser, (StateRequest r, CancellationToken _) => StateAsync(r)),
        ["Create"] = TtrpcMethod.Unary(CreateTaskRequest.Parser, (CreateTaskRequest r, CancellationToken _) => CreateAsync(r)),
        ["Start"] = TtrpcMethod.Unary(StartRequest.Parser, (StartRequest r, CancellationToken _) => StartAsync(r)),
        ["Delete"] = TtrpcMethod.Unary(DeleteRequest.Parser, (DeleteRequest r, CancellationToken _) => DeleteAsync(r)),
        ["Pids"] = TtrpcMethod.Unary(PidsRequest.Parser, (PidsRequest r, CancellationToken _) => Done(Pids(r))),
        ["Pause"] = TtrpcMethod.Unary(PauseRequest.Parser, (PauseRequest r, CancellationToken _) => PauseAsync(r)),
        ["Resume"] = TtrpcMethod.Unary(ResumeRequest.Parser, (ResumeRequest r, CancellationToken _) => ResumeAsync(r)),
        ["Checkpoint"] = TtrpcMethod.Unary(CheckpointTaskRequest.Parser, (CheckpointTaskRequest r, CancellationToken _) => CheckpointAsync(r)),
        ["Kill"] = TtrpcMethod.Unary(KillRequest.Parser, (KillRequest r, CancellationToken _) => KillAsync(r)),
        ["Exec"] = TtrpcMethod.Unary(ExecProcessRequest.Parser, (ExecProcessRequest r, CancellationToken _) => Done(Exec(r))),
        ["ResizePty"] = TtrpcMethod.Unary(ResizePtyRequest.Parser, (ResizePtyRequest r, CancellationToken _) => Done(ResizePty(r))),
        ["CloseIO"] = TtrpcMethod.Unary(CloseIORequest.Parser, (CloseIORequest r, CancellationToken _) => Done(CloseIO(r))),
        ["Update"] = TtrpcMethod.Unary(UpdateTaskRequest.Parser, (UpdateTaskRequest r, CancellationToken _) => UpdateAsync(r)),
        ["Wait"] = TtrpcMethod.Unary<WaitRequest, WaitResponse>(WaitRequest.Parser, WaitAsync),
        ["Stats"] = TtrpcMethod.Unary(StatsRequest.Parser, (StatsRequest r, CancellationToken _) => Done(Stats(r))),
        ["Connect"] = TtrpcMethod.Unary(ConnectRequest.Parser, (ConnectRequest r, CancellationToken _) => Done(Connect(r))),
        ["Shutdown"] = TtrpcMethod.Unary(ShutdownRequest.Parser, (ShutdownRequest r, CancellationToken _) => Done(Shutdown(r))),
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

        return _nothing;
    }
}
