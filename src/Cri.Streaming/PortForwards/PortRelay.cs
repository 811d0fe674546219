using System.Net.Sockets;

namespace Cri.Streaming.PortForwards;

/// <summary>
/// Carries bytes between a client's stream and a connection to a pod's port, each direction to its own end. Once one direction has
/// ended, five minutes of silence end the other: a client of a protocol that cannot say so may have left.
/// </summary>
/// <param name="socket">The connection to the port; the caller disposes it.</param>
/// <param name="input">What the client sends.</param>
/// <param name="output">What the client gets.</param>
internal sealed class PortRelay(Socket socket, Stream input, Stream output)
{
    private const int BufferSize = 32 * 1024;
    private static readonly TimeSpan _longestSilence = TimeSpan.FromMinutes(5);
    private volatile bool _halfClosed;

    /// <summary>Runs until both directions have ended.</summary>
    /// <param name="finishOutput">Tells the client that no more comes; answers whether its direction goes on without ours.</param>
    /// <param name="cancellationToken">Ends when the client has given up.</param>
    /// <exception cref="IOException">The client is gone.</exception>
    /// <exception cref="SocketException">The pod broke the connection off.</exception>
    internal async Task RunAsync(Func<ValueTask<bool>> finishOutput, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var toPod = ToPodAsync(end);
        try
        {
            await ToClientAsync(end);
            if (!await finishOutput())
            {
                await end.CancelAsync();
            }
        }
        catch
        {
            await end.CancelAsync();
            throw;
        }
        finally
        {
            await toPod;
        }
    }

    private async Task ToClientAsync(CancellationTokenSource end)
    {
        var buffer = new byte[BufferSize];
        while (await socket.ReceiveAsync(buffer, end.Token) is var count && count > 0)
        {
            Touch(end);
            await output.WriteAsync(buffer.AsMemory(0, count), end.Token);
        }

        HalfClose(end);
    }

    private async Task ToPodAsync(CancellationTokenSource end)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (await input.ReadAsync(buffer, end.Token) is var count && count > 0)
            {
                Touch(end);
                for (var sent = 0; sent < count;)
                {
                    sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), end.Token);
                }
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The pod takes no more, or the client has given up; what the pod still sends is for the other direction to say.
            await input.DisposeAsync();
        }

        HalfClose(end);
    }

    private void HalfClose(CancellationTokenSource end)
    {
        _halfClosed = true;
        Touch(end);
    }

    private void Touch(CancellationTokenSource end)
    {
        if (_halfClosed)
        {
            end.CancelAfter(_longestSilence);
        }
    }
}
