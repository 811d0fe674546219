using Cri.Api.CrispV1;
using Cri.Grpc;
using Cri.Testing.Pods;

namespace Cri.Faults.Reconciliation;

/// <summary>What <c>crisp gc</c> asks of crispd.</summary>
internal static class CrispGc
{
    /// <summary>What nobody owns, as a dry run tells it.</summary>
    internal static Task<IReadOnlyList<Finding>> FindAsync(CriEndpoint cri) => CallAsync(cri, dryRun: true);

    /// <summary>Has it removed; answers what was found.</summary>
    internal static Task<IReadOnlyList<Finding>> RunAsync(CriEndpoint cri) => CallAsync(cri, dryRun: false);

    private static async Task<IReadOnlyList<Finding>> CallAsync(CriEndpoint cri, bool dryRun)
    {
        using var channel = new UnixChannel(cri.SocketPath);
        var answer = await new Node.NodeClient(channel).CollectGarbageAsync(new CollectGarbageRequest { DryRun = dryRun });
        return answer.Findings;
    }
}
