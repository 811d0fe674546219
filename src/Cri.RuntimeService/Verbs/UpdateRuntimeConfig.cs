using System.Net;
using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>
/// UpdateRuntimeConfig: the kubelet tells the node's pod CIDRs, comma-separated. They go into the network template if one is
/// configured, and are otherwise checked and acknowledged.
/// </content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.UpdateRuntimeConfigResponse> UpdateRuntimeConfig(
        V1.UpdateRuntimeConfigRequest request, ServerCallContext context)
    {
        var text = request.RuntimeConfig?.NetworkConfig?.PodCidr ?? "";
        var cidrs = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (cidrs.FirstOrDefault(cidr => !IPNetwork.TryParse(cidr, out _)) is { } wrong)
        {
            throw CriError.Invalid($"pod_cidr \"{wrong}\": not a network such as 10.244.0.0/24");
        }

        if (cidrs.Length > 0)
        {
            templatedNetwork.Write(cidrs);
        }

        return Task.FromResult(new V1.UpdateRuntimeConfigResponse());
    }
}
