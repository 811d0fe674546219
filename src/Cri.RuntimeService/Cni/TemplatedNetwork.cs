using System.Text;
using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// The network configuration that is made of a template and the pod CIDRs which the kubelet tells (UpdateRuntimeConfig). It is
/// written only where no other network is configured, as <c>10-crisp.conflist</c>, and again when the CIDRs change.
/// </summary>
/// <param name="network">Tells whether there is a network, and whose.</param>
/// <param name="confDir">The directory of network configurations.</param>
/// <param name="template">The template's path; null for none.</param>
public sealed class TemplatedNetwork(CniNetwork network, string confDir, string? template)
{
    private const string FileName = "10-crisp.conflist";

    /// <summary>Writes the configuration, if it is ours to write.</summary>
    /// <param name="cidrs">The node's pod CIDRs, at least one, the primary first.</param>
    /// <exception cref="CniException">The template cannot be read, makes no valid network, or the result cannot be written.</exception>
    public void Write(IReadOnlyList<string> cidrs)
    {
        var target = Path.Combine(confDir, FileName);
        if (template is null || (network.Status is { Ready: true } status && status.ConfigurationFile != target))
        {
            return;
        }

        try
        {
            var content = Encoding.UTF8.GetBytes(ConfigurationTemplate.Render(File.ReadAllText(template), cidrs));
            NetworkConfiguration.Parse(JsonFields.Parse(content));
            Directory.CreateDirectory(confDir);
            AtomicFile.Write(target, content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CniException(CniFailure.NotReady, $"network template {template}: {error.Message}", error);
        }
    }
}
