using System.Net;
using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>
/// UpdateRuntimeConfig: the kubelet tells the node's pod CIDR. Networks come from the CNI directory here, so the value is
/// checked and acknowledged, as containerd does when it has no configuration template.
/// </content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.UpdateRuntimeConfigResponse> UpdateRuntimeConfig(
        V1.UpdateRuntimeConfigRequest request, ServerCallContext context)
    {
        var cidrs = request.RuntimeConfig?.NetworkConfig?.PodCidr ?? "";
        foreach (var cidr in cidrs.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IPNetwork.TryParse(cidr, out _))
            {
                throw CriError.Invalid($"pod_cidr \"{cidr}\": not a network such as 10.244.0.0/24");
            }
        }

        return Task.FromResult(new V1.UpdateRuntimeConfigResponse());
    }
}
