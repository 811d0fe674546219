using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc;

/// <summary>
/// The task service of a shim. Each call throws <see cref="TtrpcException"/>; its token gives up the wait and
/// the shim is not told; the timeout is enforced by the shim and ends in DEADLINE_EXCEEDED.
/// </summary>
/// <param name="client">The connection, which stays the caller's.</param>
/// <param name="timeout">How long the shim may take for a call; null for ever.</param>
/// <param name="service">The service's name; version 2 has the same messages.</param>
public sealed class TaskClient(TtrpcClient client, TimeSpan? timeout = null, string service = TtrpcServiceName.TaskV3)
{
    /// <summary>Where a process stands.</summary>
    public Task<StateResponse> StateAsync(StateRequest request, CancellationToken ct = default) =>
        Call("State", request, StateResponse.Parser, ct);

    /// <summary>Makes a container whose init waits for Start.</summary>
    public Task<CreateTaskResponse> CreateAsync(CreateTaskRequest request, CancellationToken ct = default) =>
        Call("Create", request, CreateTaskResponse.Parser, ct);

    /// <summary>Lets an init or an exec run.</summary>
    public Task<StartResponse> StartAsync(StartRequest request, CancellationToken ct = default) =>
        Call("Start", request, StartResponse.Parser, ct);

    /// <summary>Forgets an ended process; for an init removes the container and unmounts its rootfs.</summary>
    public Task<DeleteResponse> DeleteAsync(DeleteRequest request, CancellationToken ct = default) =>
        Call("Delete", request, DeleteResponse.Parser, ct);

    /// <summary>Lists the processes of a container.</summary>
    public Task<PidsResponse> PidsAsync(PidsRequest request, CancellationToken ct = default) =>
        Call("Pids", request, PidsResponse.Parser, ct);

    /// <summary>Freezes a container.</summary>
    public Task PauseAsync(PauseRequest request, CancellationToken ct = default) =>
        Call("Pause", request, Empty.Parser, ct);

    /// <summary>Thaws a container.</summary>
    public Task ResumeAsync(ResumeRequest request, CancellationToken ct = default) =>
        Call("Resume", request, Empty.Parser, ct);

    /// <summary>Writes a container's state to a directory.</summary>
    public Task CheckpointAsync(CheckpointTaskRequest request, CancellationToken ct = default) =>
        Call("Checkpoint", request, Empty.Parser, ct);

    /// <summary>Sends a signal to a process, or to all of a container.</summary>
    public Task KillAsync(KillRequest request, CancellationToken ct = default) =>
        Call("Kill", request, Empty.Parser, ct);

    /// <summary>Adds a process that Start runs in the container.</summary>
    public Task ExecAsync(ExecProcessRequest request, CancellationToken ct = default) =>
        Call("Exec", request, Empty.Parser, ct);

    /// <summary>Sets the size of a terminal.</summary>
    public Task ResizePtyAsync(ResizePtyRequest request, CancellationToken ct = default) =>
        Call("ResizePty", request, Empty.Parser, ct);

    /// <summary>Closes the shim's end of a standard input.</summary>
    public Task CloseIOAsync(CloseIORequest request, CancellationToken ct = default) =>
        Call("CloseIO", request, Empty.Parser, ct);

    /// <summary>Changes resource limits.</summary>
    public Task UpdateAsync(UpdateTaskRequest request, CancellationToken ct = default) =>
        Call("Update", request, Empty.Parser, ct);

    /// <summary>Answers once the process has ended and all its output is written.</summary>
    public Task<WaitResponse> WaitAsync(WaitRequest request, CancellationToken ct = default) =>
        Call("Wait", request, WaitResponse.Parser, ct);

    /// <summary>Samples a container's resource usage.</summary>
    public Task<StatsResponse> StatsAsync(StatsRequest request, CancellationToken ct = default) =>
        Call("Stats", request, StatsResponse.Parser, ct);

    /// <summary>Names the pids of shim and init.</summary>
    public Task<ConnectResponse> ConnectAsync(ConnectRequest request, CancellationToken ct = default) =>
        Call("Connect", request, ConnectResponse.Parser, ct);

    /// <summary>Ends a shim that holds no container.</summary>
    public Task ShutdownAsync(ShutdownRequest request, CancellationToken ct = default) =>
        Call("Shutdown", request, Empty.Parser, ct);

    private Task<TResponse> Call<TResponse>(
        string method, IMessage request, MessageParser<TResponse> parser, CancellationToken ct)
        where TResponse : IMessage<TResponse> =>
        client.CallAsync(service, method, request, parser, timeout, ct);
}
