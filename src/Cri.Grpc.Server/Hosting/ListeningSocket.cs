using System.Net.Sockets;
using Cri.Linux;

namespace Cri.Grpc.Server.Hosting;

/// <summary>The server's end of a unix socket path: who may have it, and with which mode.</summary>
internal static class ListeningSocket
{
    /// <summary>
    /// Makes way for binding: the directory exists afterwards, a stale socket file does not. Throws IOException when a live
    /// server listens there or when the path is no socket.
    /// </summary>
    public static void Prepare(string path)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
        }

        if (!Path.Exists(path))
        {
            return;
        }

        if (!SocketFile.Is(path))
        {
            throw new IOException($"listen on {path}: it exists and is no socket");
        }

        if (IsAlive(path))
        {
            throw new IOException($"listen on {path}: another server listens there");
        }

        File.Delete(path);
    }

    /// <summary>Binds with a mode that is right before anybody can connect: connecting works only once it listens.</summary>
    public static Socket Bind(string path, UnixFileMode mode)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, mode);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsAlive(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
