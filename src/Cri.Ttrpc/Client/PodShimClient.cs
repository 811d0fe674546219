using Cri.Ttrpc.CrispApi;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc;

/// <summary>What our own shim offers beyond containerd's services.</summary>
/// <param name="client">The connection, which stays the caller's.</param>
/// <param name="timeout">How long the shim may take for a call; null for ever.</param>
public sealed class PodShimClient(TtrpcClient client, TimeSpan? timeout = null)
{
    /// <summary>Opens the log file of a container anew; returns once later lines go to the new file.</summary>
    public Task ReopenLogAsync(ReopenLogRequest request, CancellationToken ct = default) =>
        client.CallAsync(TtrpcServiceName.PodShim, "ReopenLog", request, Empty.Parser, timeout, ct);
}
