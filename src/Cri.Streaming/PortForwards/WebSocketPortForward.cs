using System.Buffers.Binary;
using System.Text;
using Cri.Streaming.WebSockets;

namespace Cri.Streaming.PortForwards;

/// <summary>
/// A port-forward over the channels of a WebSocket: channels 2n and 2n + 1 are data and error of the n-th port, each beginning with the
/// port as two bytes, the lower one first. A channel cannot be half closed, so a forward ends when the pod closes it.
/// </summary>
internal sealed class WebSocketPortForward(PortForwardSession session, IReadOnlyList<int> ports, string protocol, CancellationToken stop)
{
    /// <summary>The most ports of one WebSocket.</summary>
    internal const int MostPorts = 100;

    /// <summary>The subprotocols of channels.</summary>
    internal static IReadOnlyList<string> Protocols { get; } = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", "portforward.k8s.io"];

    /// <summary>The subprotocol of a SPDY session within binary messages.</summary>
    internal const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";

    /// <summary>Serves it on a WebSocket whose handshake has been answered; returns when the client is done or gone.</summary>
    internal async Task RunAsync(WebSocketConnection socket)
    {
        var channels = new ChannelConnection(socket, protocol, 2 * ports.Count, channel => channel % 2 == 0);
        var reading = channels.RunAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(channels.Gone, stop);
        try
        {
            await Task.WhenAll(ports.Select((port, index) => ForwardAsync(channels, port, 2 * index, end.Token)));
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The client is gone.
        }

        await channels.CloseAsync();
        await reading;
    }

    private async Task ForwardAsync(ChannelConnection channels, int port, int channel, CancellationToken cancelled)
    {
        var prefix = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(prefix, (ushort)port);
        await channels.SendAsync(channel, prefix, cancelled);
        await channels.SendAsync(channel + 1, prefix, cancelled);
        var failure = await session.ForwardAsync(
            port, channels.Input(channel), channels.Output(channel), () => ValueTask.FromResult(false), cancelled);
        if (failure is not null)
        {
            await channels.SendAsync(channel + 1, Encoding.UTF8.GetBytes(failure), cancelled);
        }
    }
}
