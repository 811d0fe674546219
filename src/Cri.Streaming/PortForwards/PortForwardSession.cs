using System.Net.Sockets;

namespace Cri.Streaming.PortForwards;

/// <summary>Forwards one connection to a port, whatever the wire.</summary>
internal sealed class PortForwardSession(PortForwardRequest request, Action<string> warn)
{
    /// <summary>
    /// Connects and relays to the end; answers what went wrong, in words for the error stream, or null.
    /// </summary>
    /// <param name="port">The port, 1 to 65535.</param>
    /// <param name="input">What the client sends.</param>
    /// <param name="output">What the client gets.</param>
    /// <param name="finishOutput">As in <see cref="PortRelay.RunAsync"/>.</param>
    /// <param name="cancelled">Ends when the client has given up or the server stops.</param>
    internal async Task<string?> ForwardAsync(
        int port, Stream input, Stream output, Func<ValueTask<bool>> finishOutput, CancellationToken cancelled)
    {
        try
        {
            using var socket = await request.ConnectAsync(port, cancelled);
            await new PortRelay(socket, input, output).RunAsync(finishOutput, cancelled);
            return null;
        }
        catch (StreamException error)
        {
            return error.Message;
        }
        catch (SocketException error)
        {
            return $"port {port}: {error.Message}";
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            return null;
        }
        catch (Exception error)
        {
            warn($"port-forward to port {port}: {error.GetType().Name}: {error.Message}");
            return $"port {port}: {error.Message}";
        }
    }
}
