using System.Net;

namespace Cri.RuntimeService.Cni;

/// <summary>A pod's interface on a network: what the last plugin of an ADD answered.</summary>
public sealed record CniAttachment
{
    /// <summary>The network's name.</summary>
    public required string NetworkName { get; init; }

    /// <summary>The interface's name in the pod.</summary>
    public required string InterfaceName { get; init; }

    /// <summary>
    /// The pod's addresses, primary first: those of the pod's own interface, IPv4 before IPv6 and else in the plugins' order.
    /// Addresses of host interfaces are left out.
    /// </summary>
    public required IReadOnlyList<CniAddress> Ips { get; init; }

    /// <summary>Every interface the plugins made, in the pod and on the host.</summary>
    public IReadOnlyList<CniInterface> Interfaces { get; init; } = [];

    /// <summary>The routes made.</summary>
    public IReadOnlyList<CniRoute> Routes { get; init; } = [];

    /// <summary>The network's resolver settings; empty when it has none.</summary>
    public CniDns Dns { get; init; } = new();

    /// <summary>The hardware address of the pod's interface; "" when the plugins did not say.</summary>
    public string Mac { get; init; } = "";

    /// <summary>The result as the plugin printed it, JSON.</summary>
    public string RawResult { get; init; } = "{}";
}

/// <summary>An address of the pod.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">The length of its subnet's prefix, in bits.</param>
/// <param name="Gateway">The subnet's gateway, if it has one.</param>
/// <param name="Interface">The index in <see cref="CniAttachment.Interfaces"/>; null when not said.</param>
public sealed record CniAddress(IPAddress Address, int PrefixLength, IPAddress? Gateway, int? Interface);

/// <summary>An interface made by a plugin.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mac">Its hardware address or "".</param>
/// <param name="Sandbox">The namespace it is in; "" is the host's.</param>
public sealed record CniInterface(string Name, string Mac, string Sandbox);

/// <summary>A route made by a plugin.</summary>
/// <param name="Destination">In CIDR notation.</param>
/// <param name="Gateway">The next hop; null for the address's own gateway.</param>
public sealed record CniRoute(string Destination, IPAddress? Gateway);

/// <summary>A network's resolver settings.</summary>
public sealed record CniDns
{
    /// <summary>Name servers by priority.</summary>
    public IReadOnlyList<string> Nameservers { get; init; } = [];

    /// <summary>The local domain or "".</summary>
    public string Domain { get; init; } = "";

    /// <summary>Search domains by priority.</summary>
    public IReadOnlyList<string> Search { get; init; } = [];

    /// <summary>Resolver options.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}
