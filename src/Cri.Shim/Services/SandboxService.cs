using System.Runtime.InteropServices;
using Cri.Shim.Pods;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;
using Cri.Ttrpc.SandboxApi;
using Cri.Ttrpc.Server;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <summary>containerd's sandbox service, for the one sandbox of this shim.</summary>
internal sealed class SandboxService(Pod pod, Lifetime lifetime)
{
    /// <summary>The service.</summary>
    public TtrpcService Service => new(TtrpcServiceName.Sandbox, new Dictionary<string, TtrpcMethod>
    {
        ["CreateSandbox"] = TtrpcMethod.Unary(CreateSandboxRequest.Parser, (CreateSandboxRequest r, CancellationToken _) => CreateAsync(r)),
        ["StartSandbox"] = TtrpcMethod.Unary(StartSandboxRequest.Parser, (StartSandboxRequest r, CancellationToken _) => Start(r)),
        ["Platform"] = TtrpcMethod.Unary(PlatformRequest.Parser, (PlatformRequest r, CancellationToken _) => Platform(r)),
        ["StopSandbox"] = TtrpcMethod.Unary(StopSandboxRequest.Parser, (StopSandboxRequest r, CancellationToken _) => StopAsync(r)),
        ["WaitSandbox"] = TtrpcMethod.Unary<WaitSandboxRequest, WaitSandboxResponse>(WaitSandboxRequest.Parser, WaitAsync),
        ["SandboxStatus"] = TtrpcMethod.Unary(SandboxStatusRequest.Parser, (SandboxStatusRequest r, CancellationToken _) => Status(r)),
        ["PingSandbox"] = TtrpcMethod.Unary(PingRequest.Parser, (PingRequest r, CancellationToken _) => Ping(r)),
        ["ShutdownSandbox"] = TtrpcMethod.Unary(ShutdownSandboxRequest.Parser, (ShutdownSandboxRequest r, CancellationToken _) => ShutdownAsync(r)),
        ["SandboxMetrics"] = TtrpcMethod.Unary(SandboxMetricsRequest.Parser, (SandboxMetricsRequest r, CancellationToken _) => Metrics(r)),
    });

    private async Task<CreateSandboxResponse> CreateAsync(CreateSandboxRequest request)
    {
        pod.Check(request.SandboxId);
        if (request.Options is not null && !TypeUrl.Is(request.Options, TypeUrl.SandboxOptions))
        {
            throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"sandbox options of type {request.Options.TypeUrl} are not known");
        }

        var options = request.Options is null ? new SandboxOptions() : SandboxOptions.Parser.ParseFrom(request.Options.Value);
        await pod.CreateAsync(request.BundlePath, options);
        return new CreateSandboxResponse();
    }

    private Task<StartSandboxResponse> Start(StartSandboxRequest request)
    {
        pod.Check(request.SandboxId);
        if (pod.CreatedAt is not { } created || !pod.IsReady)
        {
            throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, $"sandbox {pod.Id} is not created or is stopped");
        }

        return Task.FromResult(new StartSandboxResponse { Pid = (uint)Environment.ProcessId, CreatedAt = Timestamp.FromDateTime(created) });
    }

    private Task<PlatformResponse> Platform(PlatformRequest request)
    {
        pod.Check(request.SandboxId);
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : "arm64";
        return Task.FromResult(new PlatformResponse { Platform = new() { Os = "linux", Architecture = architecture } });
    }

    private async Task<StopSandboxResponse> StopAsync(StopSandboxRequest request)
    {
        pod.Check(request.SandboxId);
        await pod.StopAsync();
        return new StopSandboxResponse();
    }

    private async Task<WaitSandboxResponse> WaitAsync(WaitSandboxRequest request, CancellationToken ct)
    {
        pod.Check(request.SandboxId);
        return new WaitSandboxResponse { ExitedAt = Timestamp.FromDateTime(await pod.Stopped.WaitAsync(ct)) };
    }

    private Task<SandboxStatusResponse> Status(SandboxStatusRequest request)
    {
        pod.Check(request.SandboxId);
        return Task.FromResult(new SandboxStatusResponse
        {
            SandboxId = pod.Id,
            Pid = (uint)Environment.ProcessId,
            State = pod.IsReady ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
            CreatedAt = pod.CreatedAt is { } created ? Timestamp.FromDateTime(created) : null,
            ExitedAt = pod.Stopped.IsCompleted ? Timestamp.FromDateTime(pod.Stopped.Result) : null,
        });
    }

    private Task<PingResponse> Ping(PingRequest request)
    {
        pod.Check(request.SandboxId);
        return Task.FromResult(new PingResponse());
    }

    private async Task<ShutdownSandboxResponse> ShutdownAsync(ShutdownSandboxRequest request)
    {
        pod.Check(request.SandboxId);
        await pod.StopAsync();
        lifetime.End();
        return new ShutdownSandboxResponse();
    }

    private Task<SandboxMetricsResponse> Metrics(SandboxMetricsRequest request)
    {
        pod.Check(request.SandboxId);
        throw new TtrpcException(
            TtrpcStatusCode.Unimplemented, "a sandbox has no cgroup that this shim knows; ask for the stats of its containers");
    }
}
