using Cri.Ttrpc.SandboxApi;
using Google.Protobuf;

namespace Cri.Ttrpc;

/// <summary>
/// The sandbox service of a shim. Each call throws <see cref="TtrpcException"/>; its token gives up the wait and
/// the shim is not told; the timeout is enforced by the shim and ends in DEADLINE_EXCEEDED.
/// </summary>
/// <param name="client">The connection, which stays the caller's.</param>
/// <param name="timeout">How long the shim may take for a call; null for ever.</param>
public sealed class SandboxClient(TtrpcClient client, TimeSpan? timeout = null)
{
    /// <summary>Prepares what the containers will share; a failure leaves nothing.</summary>
    public Task<CreateSandboxResponse> CreateSandboxAsync(
        CreateSandboxRequest request, CancellationToken ct = default) =>
        Call("CreateSandbox", request, CreateSandboxResponse.Parser, ct);

    /// <summary>Makes the sandbox ready for containers.</summary>
    public Task<StartSandboxResponse> StartSandboxAsync(
        StartSandboxRequest request, CancellationToken ct = default) =>
        Call("StartSandbox", request, StartSandboxResponse.Parser, ct);

    /// <summary>What kind of containers it takes.</summary>
    public Task<PlatformResponse> PlatformAsync(PlatformRequest request, CancellationToken ct = default) =>
        Call("Platform", request, PlatformResponse.Parser, ct);

    /// <summary>Ends what runs in the sandbox and gives its namespaces back.</summary>
    public Task<StopSandboxResponse> StopSandboxAsync(
        StopSandboxRequest request, CancellationToken ct = default) =>
        Call("StopSandbox", request, StopSandboxResponse.Parser, ct);

    /// <summary>Answers once the sandbox is stopped.</summary>
    public Task<WaitSandboxResponse> WaitSandboxAsync(
        WaitSandboxRequest request, CancellationToken ct = default) =>
        Call("WaitSandbox", request, WaitSandboxResponse.Parser, ct);

    /// <summary>How the sandbox is.</summary>
    public Task<SandboxStatusResponse> SandboxStatusAsync(
        SandboxStatusRequest request, CancellationToken ct = default) =>
        Call("SandboxStatus", request, SandboxStatusResponse.Parser, ct);

    /// <summary>Answers when the shim is alive.</summary>
    public Task<PingResponse> PingSandboxAsync(PingRequest request, CancellationToken ct = default) =>
        Call("PingSandbox", request, PingResponse.Parser, ct);

    /// <summary>Ends the shim once it has answered.</summary>
    public Task<ShutdownSandboxResponse> ShutdownSandboxAsync(
        ShutdownSandboxRequest request, CancellationToken ct = default) =>
        Call("ShutdownSandbox", request, ShutdownSandboxResponse.Parser, ct);

    /// <summary>Samples the resource usage of the sandbox.</summary>
    public Task<SandboxMetricsResponse> SandboxMetricsAsync(
        SandboxMetricsRequest request, CancellationToken ct = default) =>
        Call("SandboxMetrics", request, SandboxMetricsResponse.Parser, ct);

    private Task<TResponse> Call<TResponse>(
        string method, IMessage request, MessageParser<TResponse> parser, CancellationToken ct)
        where TResponse : IMessage<TResponse> =>
        client.CallAsync(TtrpcServiceName.Sandbox, method, request, parser, timeout, ct);
}
