using System.Net.Sockets;
using Xunit;

namespace Cri.Conformance;

/// <summary>A kubelet keeps one connection for weeks, and may be silent on it for long.</summary>
public sealed class ConnectionTests : ConformanceTest
{
    // RFC 9113, 3.4: the client's preface and an empty SETTINGS frame.
    private static readonly byte[] _preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    [Fact]
    public async Task Connection_WithoutACall_StaysOpen()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Cri.SocketPath));
        await socket.SendAsync(_preface);

        Assert.False(await ClosesWithinAsync(socket, TimeSpan.FromSeconds(3)), "the server closed an idle connection");
    }

    private static async Task<bool> ClosesWithinAsync(Socket socket, TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
                // The server's settings and acknowledgements.
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
