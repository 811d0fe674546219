using System.Net;
using System.Net.Sockets;

namespace Cri.Streaming.Connections;

/// <summary>The address that the node reaches others from: the source of its default route.</summary>
internal static class NodeAddress
{
    private const int Discard = 9;

    // Addresses for documentation (RFC 5737, RFC 3849); nothing is sent to them.
    private static readonly IPAddress _somewhere = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress _somewhere6 = IPAddress.Parse("2001:db8::1");

    /// <summary>The address; loopback when there is no such route.</summary>
    internal static IPAddress Find(AddressFamily family)
    {
        var isV4 = family == AddressFamily.InterNetwork;
        using var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(isV4 ? _somewhere : _somewhere6, Discard);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return isV4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        }
    }
}
