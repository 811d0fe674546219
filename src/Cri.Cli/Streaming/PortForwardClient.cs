using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Cri.Cli.Streaming;

/// <summary>
/// Carries one local connection to a pod's port over a WebSocket of its own: channel 0 is data and 1 error, each beginning with
/// the port as two bytes. A channel cannot be half closed, so the pod does not learn that the local side has ended its sending;
/// it goes on getting the pod's bytes until the pod closes, or says nothing for a minute.
/// </summary>
internal sealed class PortForwardClient(Socket local, ChannelSocket channels)
{
    /// <summary>The subprotocol.</summary>
    public const string Protocol = "v4.channel.k8s.io";

    private const byte Data = 0;
    private const byte Error = 1;
    private const int PortBytes = 2;
    private const int BufferSize = 32 * 1024;
    private static readonly TimeSpan _longestSilence = TimeSpan.FromMinutes(1);
    private volatile bool _sendingEnded;

    /// <summary>Runs to the end of both; what the pod's side has to complain of, or empty.</summary>
    /// <exception cref="CommandFailure">The connection to the runtime broke.</exception>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = SendAsync(end);
        try
        {
            var complaint = await ReceiveAsync(end);
            await channels.CloseAsync(end.Token);
            Shutdown();
            return complaint;
        }
        finally
        {
            await end.CancelAsync();
            await sending;
        }
    }

    private async Task<string> ReceiveAsync(CancellationTokenSource end)
    {
        using var complaint = new MemoryStream();
        var buffer = new byte[BufferSize];
        var heads = new int[2];
        while (await channels.ReceiveAsync(buffer, end.Token) is { Channel: { } channel, Count: var count })
        {
            Touch(end);
            if (channel > Error)
            {
                continue;
            }

            var head = Math.Min(PortBytes - heads[channel], count);
            heads[channel] += head;
            if (channel == Error)
            {
                complaint.Write(buffer, head, count - head);
            }
            else
            {
                await WriteAsync(buffer.AsMemory(head, count - head), end.Token);
            }
        }

        return Encoding.UTF8.GetString(complaint.ToArray());
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await local.SendAsync(bytes, cancellationToken)..];
        }
    }

    private async Task SendAsync(CancellationTokenSource end)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (await local.ReceiveAsync(buffer, end.Token) is var count && count > 0)
            {
                Touch(end);
                await channels.SendAsync(Data, buffer.AsSpan(0, count), end.Token);
            }

            _sendingEnded = true;
            Touch(end);
        }
        catch (SocketException)
        {
            // The local side has broken off, so nobody is left to receive.
            await end.CancelAsync();
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // What has ended is for the other direction to say.
        }
    }

    private void Touch(CancellationTokenSource end)
    {
        if (_sendingEnded)
        {
            end.CancelAfter(_longestSilence);
        }
    }

    private void Shutdown()
    {
        try
        {
            local.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The local side was first.
        }
    }
}
