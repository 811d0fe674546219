using Cri.Api.V1;
using Grpc.Core;

namespace Cri.Grpc.Tests;

/// <summary>A small service for the tests; what a call does is in the request.</summary>
internal sealed class EchoRuntime : RuntimeService.RuntimeServiceBase
{
    /// <summary>Completes when a call that blocks has begun.</summary>
    public TaskCompletionSource Blocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the token of a call that blocks was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets calls that ignore their token go on.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The deadline that the last Version call saw.</summary>
    public DateTime Deadline { get; private set; }

    /// <summary>The metadata that the last Version call saw.</summary>
    public Metadata? Headers { get; private set; }

    public override Task<VersionResponse> Version(VersionRequest request, ServerCallContext context)
    {
        Deadline = context.Deadline;
        Headers = context.RequestHeaders;
        context.ResponseTrailers.Add("answered-by", "echo");
        return Task.FromResult(new VersionResponse { Version = request.Version, RuntimeName = context.Method });
    }

    /// <summary>Throws what the id says.</summary>
    public override Task<RemoveContainerResponse> RemoveContainer(RemoveContainerRequest request, ServerCallContext context) =>
        request.ContainerId switch
        {
            "missing" => throw new RpcException(new Status(StatusCode.NotFound, "container missing: größer als 100% «unbekannt» 🦀\n")),
            "broken" => throw new InvalidOperationException("the container is broken"),
            "status" => SetStatus(context),
            "trailers" => throw new RpcException(
                new Status(StatusCode.Aborted, "again"), new Metadata { { "text", "value" }, { "data-bin", [0, 255, 1] } }),
            "long" => throw new RpcException(new Status(StatusCode.Internal, new string('x', 1_000_000))),
            _ => Task.FromResult(new RemoveContainerResponse()),
        };

    /// <summary>Blocks until cancelled.</summary>
    public override async Task<StopContainerResponse> StopContainer(StopContainerRequest request, ServerCallContext context)
    {
        // Not by a registration: what it waits for can go on before a registration's turn comes, and take that back.
        try
        {
            Blocked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }
        finally
        {
            Cancelled.TrySetResult();
        }

        return new StopContainerResponse();
    }

    /// <summary>Blocks until released, whatever its token says.</summary>
    public override async Task<StartContainerResponse> StartContainer(StartContainerRequest request, ServerCallContext context)
    {
        Blocked.TrySetResult();
        await Release.Task;
        return new StartContainerResponse();
    }

    /// <summary>Answers with as many bytes as the timeout says.</summary>
    public override Task<ExecSyncResponse> ExecSync(ExecSyncRequest request, ServerCallContext context) =>
        Task.FromResult(new ExecSyncResponse
        {
            Stdout = Google.Protobuf.ByteString.CopyFrom(new byte[request.Timeout]),
            ExitCode = request.Cmd.Sum(argument => argument.Length),
        });

    /// <summary>Three pieces, then the end or what the filter's id says.</summary>
    public override async Task StreamContainers(
        StreamContainersRequest request, IServerStreamWriter<StreamContainersResponse> responseStream, ServerCallContext context)
    {
        var count = request.Filter?.Id == "many" ? 10_000 : 3;
        for (var i = 0; i < count; i++)
        {
            await responseStream.WriteAsync(new StreamContainersResponse { Containers = { new Container { Id = $"c{i}" } } });
        }

        if (request.Filter?.Id == "fail")
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "stream broke"));
        }
    }

    /// <summary>One event, then nothing until cancelled.</summary>
    public override async Task GetContainerEvents(
        GetEventsRequest request, IServerStreamWriter<ContainerEventResponse> responseStream, ServerCallContext context)
    {
        try
        {
            await responseStream.WriteAsync(new ContainerEventResponse { ContainerId = "c0" });
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }
        finally
        {
            Cancelled.TrySetResult();
        }
    }

    /// <summary>Sends nothing until cancelled.</summary>
    public override Task StreamPodSandboxes(
        StreamPodSandboxesRequest request, IServerStreamWriter<StreamPodSandboxesResponse> responseStream, ServerCallContext context) =>
        Task.Delay(Timeout.Infinite, context.CancellationToken);

    private static Task<RemoveContainerResponse> SetStatus(ServerCallContext context)
    {
        context.Status = new Status(StatusCode.DataLoss, "set");
        return Task.FromResult(new RemoveContainerResponse());
    }
}
