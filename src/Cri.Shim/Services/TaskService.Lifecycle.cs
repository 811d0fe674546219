using Cri.Shim.Exit;
using Cri.Ttrpc;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <content>Create, Start, State, Wait, Delete.</content>
internal sealed partial class TaskService
{
    private async Task<CreateTaskResponse> CreateAsync(CreateTaskRequest request)
    {
        var container = await containers.CreateAsync(request);
        var pid = (uint)container.Init.Pid;
        environment.Events.Publish("/tasks/create", "containerd.events.TaskCreate", new TaskCreate
        {
            ContainerId = request.Id,
            Bundle = request.Bundle,
            Rootfs = { request.Rootfs },
            Io = new TaskIO { Stdin = request.Stdin, Stdout = request.Stdout, Stderr = request.Stderr, Terminal = request.Terminal },
            Checkpoint = request.Checkpoint,
            Pid = pid,
        });
        return new CreateTaskResponse { Pid = pid };
    }

    private async Task<StartResponse> StartAsync(StartRequest request)
    {
        var container = containers.Find(request.Id);
        if (request.ExecId.Length == 0)
        {
            await container.StartAsync();
            var pid = (uint)container.Init.Pid;
            var started = new TaskStart { ContainerId = request.Id, Pid = pid };
            environment.Events.Publish("/tasks/start", "containerd.events.TaskStart", started);
            return new StartResponse { Pid = pid };
        }

        var exec = container.FindExec(request.ExecId);
        await container.StartAsync(exec, request.ExecId);
        environment.Events.Publish(
            "/tasks/exec-started",
            "containerd.events.TaskExecStarted",
            new TaskExecStarted { ContainerId = request.Id, ExecId = request.ExecId, Pid = (uint)exec.Pid });
        return new StartResponse { Pid = (uint)exec.Pid };
    }

    private async Task<StateResponse> StateAsync(StateRequest request)
    {
        var container = await containers.FindSettledAsync(request.Id);
        var process = container.Find(request.ExecId);
        var response = new StateResponse
        {
            Id = request.Id,
            ExecId = request.ExecId,
            Bundle = container.Bundle,
            Pid = (uint)process.Pid,
            Status = process.Status,
            Stdin = process.Stdio.Stdin,
            Stdout = process.Stdio.Stdout,
            Stderr = process.Stdio.Stderr,
            Terminal = process.Stdio.Terminal,
        };
        if (process.Exit is { } exit)
        {
            response.ExitStatus = (uint)exit.Code;
            response.ExitedAt = Timestamp.FromDateTime(exit.At);
        }

        return response;
    }

    private async Task<WaitResponse> WaitAsync(WaitRequest request, CancellationToken ct)
    {
        var exit = await containers.Find(request.Id).Find(request.ExecId).Exited.WaitAsync(ct);
        return new WaitResponse { ExitStatus = (uint)exit.Code, ExitedAt = Timestamp.FromDateTime(exit.At) };
    }

    private async Task<DeleteResponse> DeleteAsync(DeleteRequest request)
    {
        var container = await containers.FindSettledAsync(request.Id);
        if (request.ExecId.Length > 0)
        {
            return Answer(container.DeleteExec(container.FindExec(request.ExecId), request.ExecId));
        }

        var exit = await containers.DeleteAsync(container);
        environment.Events.Publish("/tasks/delete", "containerd.events.TaskDelete", new TaskDelete
        {
            ContainerId = request.Id,
            Pid = (uint)exit.Pid,
            ExitStatus = (uint)exit.Code,
            ExitedAt = Timestamp.FromDateTime(exit.At),
        });
        return Answer(exit);
    }

    private static DeleteResponse Answer(ProcessExit exit) =>
        new() { Pid = (uint)exit.Pid, ExitStatus = (uint)exit.Code, ExitedAt = Timestamp.FromDateTime(exit.At) };
}
