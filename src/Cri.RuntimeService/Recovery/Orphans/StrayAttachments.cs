using Cri.RuntimeService.Cni;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>
/// Attachments of pods that nobody knows: what a crash or a reboot left attached, down to the addresses that IPAM plugins reserved on
/// disk. They are detached by the plugins that made them. One that fails stays recorded, and is tried again.
/// </summary>
public sealed class StrayAttachments(CniNetwork network) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var recorded = network.Recorded();
        var owners = ownership.Now();
        return recorded.Where(attachment => !owners.Own(attachment.SandboxId)).Select(attachment => new Finding(
            FindingKind.Attachment, attachment.SandboxId, attachment.File,
            $"{attachment.InterfaceName} in network {attachment.NetworkName} of an unknown pod sandbox", "detach"));
    }

    /// <inheritdoc/>
    public async Task RepairAsync(Finding finding, CancellationToken cancellationToken)
    {
        foreach (var attachment in network.Recorded().Where(attachment => attachment.File == finding.Path))
        {
            await network.DetachAsync(attachment, cancellationToken);
        }
    }
}
