using System.Net;

namespace Cri.RuntimeService.Cni;

/// <summary>What a pod asks of the network. One sandbox and interface name make one attachment.</summary>
public sealed record PodNetwork
{
    /// <summary>The sandbox id (CNI_CONTAINERID): letters, digits, '_', '.', '-', starting with a letter or digit.</summary>
    public required string SandboxId { get; init; }

    /// <summary>The path of the pod's network namespace (CNI_NETNS); on DEL it may be gone.</summary>
    public required string NetnsPath { get; init; }

    /// <summary>The pod's Kubernetes namespace.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The pod's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>The pod's uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The interface to make in the pod (CNI_IFNAME), at most 15 characters.</summary>
    public string InterfaceName { get; init; } = "eth0";

    /// <summary>Host ports (capability "portMappings"); those without a host port are left out.</summary>
    public IReadOnlyList<CniPortMapping> PortMappings { get; init; } = [];

    /// <summary>Traffic limits (capability "bandwidth").</summary>
    public CniBandwidth? Bandwidth { get; init; }

    /// <summary>The pod's resolver settings (capability "dns").</summary>
    public CniDnsSettings? Dns { get; init; }

    /// <summary>Ranges to take addresses from (capability "ipRanges"): one address per outer entry.</summary>
    public IReadOnlyList<IReadOnlyList<CniAddressRange>> IpRanges { get; init; } = [];

    /// <summary>The pod's annotations (capability "io.kubernetes.cri.pod-annotations").</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Any other capability arguments, each a JSON text: {"mac": "\"c2:11:22:33:44:55\""}.</summary>
    public IReadOnlyDictionary<string, string> CapabilityArguments { get; init; } = new Dictionary<string, string>();
}

/// <summary>A port of the host that leads to a port of the pod.</summary>
/// <param name="HostPort">1 to 65535; 0 for none.</param>
/// <param name="ContainerPort">1 to 65535.</param>
/// <param name="Protocol">"tcp", "udp" or "sctp", in lower case.</param>
/// <param name="HostIp">The host's address to listen on; "" for all.</param>
public sealed record CniPortMapping(int HostPort, int ContainerPort, string Protocol, string HostIp = "");

/// <summary>Resolver settings in the terms of resolv.conf(5).</summary>
public sealed record CniDnsSettings(IReadOnlyList<string> Servers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options);

/// <summary>A pool of addresses, as the host-local plugin's "ranges".</summary>
/// <param name="Subnet">In CIDR notation.</param>
/// <param name="RangeStart">The first address; null for the subnet's first.</param>
/// <param name="RangeEnd">The last address; null for the subnet's last.</param>
/// <param name="Gateway">The gateway; null to leave the choice to the plugin.</param>
public sealed record CniAddressRange(string Subnet, IPAddress? RangeStart = null, IPAddress? RangeEnd = null, IPAddress? Gateway = null);
