using Cri.Shim.Io;
using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Types;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <content>Exec, Kill, Pids, ResizePty, CloseIO.</content>
internal sealed partial class TaskService
{
    private Empty Exec(ExecProcessRequest request)
    {
        ContainerTable.CheckId(request.ExecId);
        var stdio = new Stdio(request.Stdin, request.Stdout, request.Stderr, request.Terminal);
        var specification = request.Spec?.Value.ToByteArray() ?? [];
        containers.Find(request.Id).AddExec(request.ExecId, stdio, specification, request.CrispProgram.Memory);
        environment.Events.Publish(
            "/tasks/exec-added",
            "containerd.events.TaskExecAdded",
            new TaskExecAdded { ContainerId = request.Id, ExecId = request.ExecId });
        return _nothing;
    }

    private async Task<Empty> KillAsync(KillRequest request)
    {
        var container = await containers.FindSettledAsync(request.Id);
        if (request.ExecId.Length > 0)
        {
            container.Kill(container.FindExec(request.ExecId), (int)request.Signal, request.All);
        }
        else
        {
            await container.KillAsync((int)request.Signal, request.All);
        }

        return _nothing;
    }

    private PidsResponse Pids(PidsRequest request)
    {
        var container = containers.Find(request.Id);
        var running = container.Execs.Where(exec => exec.Value.Exit is null && exec.Value.Pid != 0);
        var execs = running.ToDictionary(exec => exec.Value.Pid, exec => exec.Key);
        var response = new PidsResponse();
        foreach (var pid in container.Init.Cgroups?.Pids() ?? [])
        {
            var info = execs.TryGetValue(pid, out var execId)
                ? TypeUrl.Pack(TypeUrl.ProcessDetails, new ProcessDetails { ExecId = execId })
                : null;
            response.Processes.Add(new ProcessInfo { Pid = (uint)pid, Info = info });
        }

        return response;
    }

    private Empty ResizePty(ResizePtyRequest request)
    {
        containers.Find(request.Id).Find(request.ExecId).Resize(request.Width, request.Height);
        return _nothing;
    }

    private Empty CloseIO(CloseIORequest request)
    {
        var process = containers.Find(request.Id).Find(request.ExecId);
        if (request.Stdin)
        {
            process.CloseInput();
        }

        return _nothing;
    }
}
