using Cri.Shim.Stats;
using Cri.Ttrpc;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <content>Pause, Resume, Checkpoint, Update, Stats.</content>
internal sealed partial class TaskService
{
    private async Task<Empty> PauseAsync(PauseRequest request)
    {
        await containers.Find(request.Id).PauseAsync();
        environment.Events.Publish("/tasks/paused", "containerd.events.TaskPaused", new TaskPaused { ContainerId = request.Id });
        return _nothing;
    }

    private async Task<Empty> ResumeAsync(ResumeRequest request)
    {
        await containers.Find(request.Id).ResumeAsync();
        environment.Events.Publish("/tasks/resumed", "containerd.events.TaskResumed", new TaskResumed { ContainerId = request.Id });
        return _nothing;
    }

    private async Task<Empty> CheckpointAsync(CheckpointTaskRequest request)
    {
        if (!request.Path.StartsWith('/'))
        {
            throw new TtrpcException(
                TtrpcStatusCode.InvalidArgument, $"checkpoint of container {request.Id}: path \"{request.Path}\" is not absolute");
        }

        var options = TypeUrl.Is(request.Options, TypeUrl.CheckpointOptions)
            ? CheckpointOptions.Parser.ParseFrom(request.Options.Value)
            : new CheckpointOptions();
        await containers.Find(request.Id).CheckpointAsync(request.Path, options);
        environment.Events.Publish(
            "/tasks/checkpointed",
            "containerd.events.TaskCheckpointed",
            new TaskCheckpointed { ContainerId = request.Id, Checkpoint = request.Path });
        return _nothing;
    }

    private async Task<Empty> UpdateAsync(UpdateTaskRequest request)
    {
        if (request.Resources is null)
        {
            throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"update of container {request.Id} names no resources");
        }

        await containers.Find(request.Id).UpdateAsync(request.Resources.Value.ToByteArray());
        return _nothing;
    }

    private StatsResponse Stats(StatsRequest request)
    {
        var container = containers.Find(request.Id);
        if (container.Init.Cgroups is not { } cgroups)
        {
            throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, $"container {request.Id} has no cgroup");
        }

        return new StatsResponse { Stats = TypeUrl.Pack(TypeUrl.Stats, CgroupSample.Take(cgroups)) };
    }
}
