using System.Net;

namespace Cri.ImageService.Registry;

/// <summary>
/// What NO_PROXY says, separated by commas or spaces: <c>*</c> for everything, an address, a CIDR, a domain with its
/// subdomains, <c>.domain</c> or <c>*.domain</c> for the subdomains alone; any with <c>:port</c> but a CIDR.
/// </summary>
internal sealed class ProxyExceptions
{
    private readonly bool _everything;
    private readonly List<IPNetwork> _networks = [];
    private readonly List<(string Host, int? Port)> _hosts = [];

    internal ProxyExceptions(string list)
    {
        foreach (var entry in list.Split([',', ' ', '\t', ';'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry == "*")
            {
                _everything = true;
            }
            else if (ParseNetwork(entry) is { } network)
            {
                _networks.Add(network);
            }
            else
            {
                _hosts.Add(Split(entry.ToLowerInvariant()));
            }
        }
    }

    /// <summary>True when an address is asked without a proxy.</summary>
    internal bool Cover(Uri address)
    {
        var host = address.IdnHost.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        if (_everything || host == "localhost")
        {
            return true;
        }

        return IPAddress.TryParse(host, out var ip)
            ? IPAddress.IsLoopback(ip) || _networks.Any(network => network.Contains(ip)) || _hosts.Any(entry => IsSame(entry, ip, address.Port))
            : _hosts.Any(entry => Matches(entry, host, address.Port));
    }

    // The address may be any of the network's, as in "10.1.2.3/8".
    private static IPNetwork? ParseNetwork(string entry)
    {
        var slash = entry.IndexOf('/');
        if (slash < 0 || !IPAddress.TryParse(entry.AsSpan(0, slash), out var address) || !int.TryParse(entry.AsSpan(slash + 1), out var length))
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] &= (byte)(0xFF00 >> Math.Clamp(length - (i * 8), 0, 8));
        }

        return length >= 0 && length <= bytes.Length * 8 ? new IPNetwork(new IPAddress(bytes), length) : null;
    }

    private static bool IsSame((string Host, int? Port) entry, IPAddress address, int port) =>
        IPAddress.TryParse(entry.Host, out var own) && own.Equals(address) && (entry.Port ?? port) == port;

    private static bool Matches((string Host, int? Port) entry, string host, int port)
    {
        if ((entry.Port ?? port) != port)
        {
            return false;
        }

        var domain = entry.Host.StartsWith("*.", StringComparison.Ordinal) ? entry.Host[1..] : entry.Host;
        return domain.StartsWith('.')
            ? host.EndsWith(domain, StringComparison.Ordinal)
            : host == domain || host.EndsWith($".{domain}", StringComparison.Ordinal);
    }

    // "[::1]:443", "::1", "host:443" and "host".
    private static (string Host, int? Port) Split(string entry)
    {
        var colon = entry.LastIndexOf(':');
        var isPort = colon > 0 && (entry[colon - 1] == ']' || entry.IndexOf(':') == colon);
        return isPort && int.TryParse(entry.AsSpan(colon + 1), out var port)
            ? (entry[..colon].Trim('[', ']'), port)
            : (entry.Trim('[', ']'), null);
    }
}
