using System.Globalization;
using System.Net;
using Cri.Api.V1;

namespace Cri.Cli.Run;

/// <summary>The value of <c>-p</c>: [address:]host:container[/tcp|udp|sctp].</summary>
internal static class PublishedPort
{
    /// <summary>Reads a value. Throws CommandFailure naming what is wrong with it.</summary>
    public static PortMapping Parse(string text)
    {
        var slash = text.IndexOf('/');
        var protocol = slash < 0 ? Protocol.Tcp : ProtocolOf(text, text[(slash + 1)..]);
        var ports = slash < 0 ? text : text[..slash];
        var containerAt = ports.LastIndexOf(':');
        if (containerAt < 0)
        {
            throw Wrong(text);
        }

        var host = ports[..containerAt];
        var hostAt = host.LastIndexOf(':');
        return new PortMapping
        {
            Protocol = protocol,
            HostIp = hostAt < 0 ? "" : AddressOf(text, host[..hostAt]),
            HostPort = PortOf(text, host[(hostAt + 1)..]),
            ContainerPort = PortOf(text, ports[(containerAt + 1)..]),
        };
    }

    private static int PortOf(string text, string port) =>
        ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw Wrong(text);

    private static string AddressOf(string text, string address) =>
        IPAddress.TryParse(address.Trim('[', ']'), out var parsed) ? parsed.ToString() : throw Wrong(text);

    private static Protocol ProtocolOf(string text, string protocol) => protocol.ToLowerInvariant() switch
    {
        "tcp" => Protocol.Tcp,
        "udp" => Protocol.Udp,
        "sctp" => Protocol.Sctp,
        _ => throw Wrong(text),
    };

    private static CommandFailure Wrong(string text) =>
        CommandFailure.OfUsage($"-p {text}", "expected [ADDRESS:]HOST:CONTAINER[/tcp|udp|sctp] with ports from 1 to 65535");
}
