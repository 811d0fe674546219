using System.Net.Sockets;

namespace Cri.Grpc.Client;

/// <summary>A unix socket that could not be connected to, in the words of its errno: .NET's own speak of addresses.</summary>
internal sealed class ConnectException(string path, SocketException cause)
    : IOException($"connect to {path}: {Describe(path, cause)}", cause)
{
    private static string Describe(string path, SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "nobody listens there",
        SocketError.AccessDenied => "permission denied",
        SocketError.AddressNotAvailable when !Path.Exists(path) => "no such socket",
        _ => cause.Message,
    };
}
