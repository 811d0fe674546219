using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>RuntimeConfig: the cgroup driver, for the kubelet to follow.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.RuntimeConfigResponse> RuntimeConfig(V1.RuntimeConfigRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.RuntimeConfigResponse
        {
            Linux = new V1.LinuxRuntimeConfiguration { CgroupDriver = cgroups.Api },
        });
}
