using Cri.RuntimeService.Containers;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ReopenContainerLog: goes on in a new file after the kubelet has rotated the log.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override async Task<V1.ReopenContainerLogResponse> ReopenContainerLog(
        V1.ReopenContainerLogRequest request, ServerCallContext context)
    {
        await LogReopener.ReopenAsync(containers.Get(request.ContainerId), context.CancellationToken);
        return new V1.ReopenContainerLogResponse();
    }
}
