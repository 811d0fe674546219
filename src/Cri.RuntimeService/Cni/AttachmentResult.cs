using System.Net;
using System.Text.Json;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// Reads a plugin's result in any version: 0.1 and 0.2 have "ip4" and "ip6" with their routes; from 0.3 on there are lists of interfaces,
/// addresses and routes.
/// </summary>
internal static class AttachmentResult
{
    /// <summary>The attachment that a result describes.</summary>
    /// <exception cref="FormatException">It is no result, or leaves the pod without an address.</exception>
    internal static CniAttachment Read(JsonElement json, string networkName, string interfaceName)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("it is no JSON object");
        }

        CniInterface[] interfaces = [.. JsonFields.Objects(json, "interfaces").Select(ReadInterface)];
        CniAddress[] ips = [.. JsonFields.Objects(json, "ips").Select(ReadAddress), .. OldAddresses(json)];
        CniRoute[] routes = [.. JsonFields.Objects(json, "routes").Select(ReadRoute), .. OldRoutes(json)];
        return new CniAttachment
        {
            NetworkName = networkName,
            InterfaceName = interfaceName,
            Ips = OfPod(ips, interfaces, interfaceName),
            Interfaces = interfaces,
            Routes = routes,
            Dns = ReadDns(json),
            Mac = interfaces.LastOrDefault(i => i.Name == interfaceName)?.Mac ?? "",
            RawResult = json.GetRawText(),
        };
    }

    // IPv4 goes before IPv6, as containerd has it by default; among each the plugins' order stays.
    private static CniAddress[] OfPod(CniAddress[] ips, CniInterface[] interfaces, string interfaceName)
    {
        CniAddress[] own = [.. ips.Where(IsOwn).OrderBy(ip => ip.Address.AddressFamily)];
        return own.Length > 0 ? own : throw new FormatException($"it gives the pod's interface {interfaceName} no address");

        bool IsOwn(CniAddress ip) =>
            ip.Interface is not { } index || (index >= 0 && index < interfaces.Length && interfaces[index].Name == interfaceName);
    }

    private static CniInterface ReadInterface(JsonElement json) => new(
        JsonFields.Text(json, "name") ?? throw new FormatException("an interface has no name"),
        JsonFields.Text(json, "mac") ?? "",
        JsonFields.Text(json, "sandbox") ?? "");

    private static CniAddress ReadAddress(JsonElement json) => Address(json, "address", JsonFields.Number(json, "interface"));

    private static IEnumerable<CniAddress> OldAddresses(JsonElement json) =>
        OldFamilies(json).Select(family => Address(family, "ip", null));

    private static IEnumerable<CniRoute> OldRoutes(JsonElement json) =>
        OldFamilies(json).SelectMany(family => JsonFields.Objects(family, "routes")).Select(ReadRoute);

    private static IEnumerable<JsonElement> OldFamilies(JsonElement json) =>
        new[] { JsonFields.Object(json, "ip4"), JsonFields.Object(json, "ip6") }.OfType<JsonElement>();

    private static CniAddress Address(JsonElement json, string key, int? interfaceIndex)
    {
        var text = JsonFields.Text(json, key) ?? throw new FormatException($"an address has no \"{key}\"");
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !byte.TryParse(text.AsSpan(slash + 1), out var length) || length > address.GetAddressBytes().Length * 8)
        {
            throw new FormatException($"\"{PluginText.Excerpt(text)}\" is no address in CIDR notation");
        }

        return new CniAddress(address, length, Gateway(json, "gateway"), interfaceIndex);
    }

    private static CniRoute ReadRoute(JsonElement json) => new(
        JsonFields.Text(json, "dst") ?? throw new FormatException("a route has no \"dst\""),
        Gateway(json, "gw"));

    private static IPAddress? Gateway(JsonElement json, string key)
    {
        var text = JsonFields.Text(json, key);
        return string.IsNullOrEmpty(text) ? null
            : IPAddress.TryParse(text, out var address) ? address
            : throw new FormatException($"\"{key}\": \"{PluginText.Excerpt(text)}\" is no IP address");
    }

    private static CniDns ReadDns(JsonElement json) => JsonFields.Object(json, "dns") is not { } dns ? new CniDns() : new CniDns
    {
        Nameservers = JsonFields.Texts(dns, "nameservers"),
        Domain = JsonFields.Text(dns, "domain") ?? "",
        Search = JsonFields.Texts(dns, "search"),
        Options = JsonFields.Texts(dns, "options"),
    };
}
