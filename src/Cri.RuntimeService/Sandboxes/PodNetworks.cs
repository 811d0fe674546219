using Cri.RuntimeService.Cni;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>A sandbox in the terms of CNI.</summary>
public static class PodNetworks
{
    /// <summary>The request for the sandbox's network, built from its record alone so that DEL works after a restart.</summary>
    public static PodNetwork Of(Sandbox sandbox)
    {
        var config = sandbox.Record.Config;
        return new PodNetwork
        {
            SandboxId = sandbox.Id,
            NetnsPath = sandbox.Files.Namespace("net"),
            Name = config.Metadata.Name,
            Namespace = config.Metadata.Namespace,
            Uid = config.Metadata.Uid,
            PortMappings = [.. config.PortMappings.Where(port => port.HostPort > 0).Select(Port)],
            Annotations = new Dictionary<string, string>(config.Annotations),
            Bandwidth = CniBandwidth.FromAnnotations(config.Annotations),
            Dns = Dns(config.DnsConfig),
        };
    }

    private static CniPortMapping Port(V1.PortMapping port) => new(
        port.HostPort, port.ContainerPort, port.Protocol.ToString().ToLowerInvariant(), port.HostIp);

    private static CniDnsSettings? Dns(V1.DNSConfig? dns) => dns is null
        ? null
        : new CniDnsSettings([.. dns.Servers], [.. dns.Searches], [.. dns.Options]);
}
