using System.Net;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// The proxies of HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, upper case before lower case, with user and password in the URL if
/// they need them, and the hosts that NO_PROXY leaves out. Hosts on loopback are never asked through a proxy.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy, ICredentials
{
    private readonly Func<string, string?> _environment;
    private readonly Dictionary<string, ProxyAddress?> _proxies;
    private readonly ProxyExceptions _exceptions;

    /// <summary>Reads the variables once.</summary>
    internal EnvironmentProxy(Func<string, string?> environment)
    {
        _environment = environment;
        _proxies = new() { ["http"] = Read("HTTP_PROXY"), ["https"] = Read("HTTPS_PROXY") };
        _exceptions = new ProxyExceptions(Find("NO_PROXY") ?? "");
    }

    /// <summary>User and password of a proxy. The URL that a connection knows, and that errors may show, is without them.</summary>
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException();
    }

    /// <summary>The proxy for an address; null for none.</summary>
    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : _proxies[destination.Scheme]?.Address;

    /// <summary>True when an address is asked directly.</summary>
    public bool IsBypassed(Uri host) => _proxies.GetValueOrDefault(host.Scheme) is null || _exceptions.Cover(host);

    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType) =>
        _proxies.Values.FirstOrDefault(proxy => proxy?.Address?.Authority == uri.Authority && proxy.Credential is not null)?.Credential;

    /// <summary>Makes sure that there is no proxy for an address, or one that can be used.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: the variable's value is not a URL; it is not shown, as it may hold a password.</exception>
    internal void Check(Uri destination)
    {
        if (!IsBypassed(destination) && _proxies[destination.Scheme] is { Address: null } wrong)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{wrong.Variable}: not the URL of an HTTP or SOCKS proxy");
        }
    }

    private ProxyAddress? Read(string variable)
    {
        foreach (var name in (string[])[variable, "ALL_PROXY"])
        {
            if (Find(name) is { } value)
            {
                return ProxyAddress.Parse(name, value);
            }
        }

        return null;
    }

    private string? Find(string name) =>
        new[] { name, name.ToLowerInvariant() }.Select(_environment).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value))?.Trim();

    /// <summary>One proxy: its URL without credentials, or null when the variable holds something else.</summary>
    private sealed record ProxyAddress(string Variable, Uri? Address, NetworkCredential? Credential)
    {
        internal static ProxyAddress Parse(string variable, string value)
        {
            var text = value.Contains("://", StringComparison.Ordinal) ? value : $"http://{value}";
            text = text.StartsWith("socks5h:", StringComparison.OrdinalIgnoreCase) ? $"socks5{text["socks5h".Length..]}" : text;
            if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0
                || url.Scheme is not ("http" or "https" or "socks4" or "socks4a" or "socks5"))
            {
                return new ProxyAddress(variable, null, null);
            }

            var user = url.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
            return new ProxyAddress(
                variable,
                new UriBuilder(url.Scheme, url.Host, PortOf(url)).Uri,
                url.UserInfo.Length > 0 ? new NetworkCredential(user[0], user.Length > 1 ? user[1] : "") : null);
        }

        private static int PortOf(Uri url) => url.Port > 0 ? url.Port : 1080;
    }
}
