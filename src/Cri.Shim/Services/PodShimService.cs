using Cri.Linux.Faults;
using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;
using Cri.Ttrpc.Server;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Services;

/// <summary>Our own extension.</summary>
internal sealed class PodShimService(ContainerTable containers)
{
    /// <summary>The service.</summary>
    public TtrpcService Service => new(TtrpcServiceName.PodShim, new Dictionary<string, TtrpcMethod>
    {
        ["ReopenLog"] = TtrpcMethod.Unary(ReopenLogRequest.Parser, (ReopenLogRequest r, CancellationToken _) => ReopenLogAsync(r)),
    });

    private async Task<Empty> ReopenLogAsync(ReopenLogRequest request)
    {
        await containers.Find(request.ContainerId).Init.ReopenLogAsync();
        FaultPoint.Reach(ShimFaultPoints.ShimLogReopened);
        return new Empty();
    }
}
