using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// What plugins leave of an attachment when one of their calls was killed or failed half-way: a plugin that still runs though its caller
/// died, and nat rules, which some plugins remove only while they still find the interface that they made.
/// </summary>
internal sealed class AttachmentLeftovers(CniOptions options)
{
    /// <summary>Ends plugins that still work on the attachment for a server that died: they would go on while it is undone.</summary>
    internal async Task EndPluginsAsync(Attachment attachment)
    {
        if (await StrayProcesses.EndWithVariableAsync($"CNI_CONTAINERID={attachment.SandboxId}", options.BinDirs) is { Count: > 0 } pids)
        {
            options.Report($"{Subject(attachment)}: ended what an earlier call had left running: pid {string.Join(", ", pids)}");
        }
    }

    /// <summary>Removes the rules of the attachment that its DEL has left. What cannot be removed is reported, and no failure.</summary>
    internal async Task RemoveRulesAsync(Attachment attachment)
    {
        foreach (var family in (string[])["iptables", "ip6tables"])
        {
            try
            {
                if (NatTable.Of(family) is { } table
                    && await table.RemoveAsync(attachment.Network.Name, attachment.SandboxId) is var rules and > 0)
                {
                    options.Report($"{Subject(attachment)}: removed {rules} rules of {family} that its plugins had left");
                }
            }
            catch (IOException error)
            {
                options.Report($"{Subject(attachment)}: rules that its plugins may have left: {error.Message}");
            }
        }
    }

    private static string Subject(Attachment attachment) => $"network {attachment.Network.Name}: pod sandbox {attachment.SandboxId}";
}
