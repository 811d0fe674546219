using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>Version: who serves here.</content>
public sealed partial class RuntimeServer
{
    // The version of the kubelet runtime API, which has never changed.
    private const string KubeletApiVersion = "0.1.0";

    /// <inheritdoc/>
    public override Task<V1.VersionResponse> Version(V1.VersionRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.VersionResponse
        {
            Version = KubeletApiVersion,
            RuntimeName = "crisp",
            RuntimeVersion = version,
            RuntimeApiVersion = "v1",
        });
}
