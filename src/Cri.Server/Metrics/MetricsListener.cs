using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cri.Server.Metrics;

/// <summary>
/// Serves <c>GET /metrics</c> and <c>GET /healthz</c> over HTTP/1.1, one request for each connection, and nothing else. Connections, their
/// requests and their time are bounded.
/// </summary>
public sealed class MetricsListener : IDisposable
{
    private const int MostConnections = 16;
    private const int LargestRequest = 8 * 1024;
    private static readonly TimeSpan _longestRequest = TimeSpan.FromSeconds(10);

    private readonly MetricsPage _page;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _places = new(MostConnections, MostConnections);

    private MetricsListener(MetricsPage page, TcpListener listener)
    {
        _page = page;
        _listener = listener;
    }

    /// <summary>Where it listens; the port is the one that was taken when 0 was asked for.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Begins to serve the page.</summary>
    /// <exception cref="StartException">The address cannot be listened on.</exception>
    public static MetricsListener Start(MetricsPage page, IPEndPoint address)
    {
        var listener = new TcpListener(address);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new StartException($"metrics.address {address}: {e.Message}");
        }

        var server = new MetricsListener(page, listener);
        _ = server.AcceptAsync();
        return server;
    }

    /// <summary>Ends every connection and the listening.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token);
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
            }
            catch (SocketException)
            {
                // A connection that was reset before it was accepted, or no descriptors left: the next one may do.
                _places.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        deadline.CancelAfter(_longestRequest);
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Answer(await ReadHeadAsync(stream, deadline.Token)), deadline.Token);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The client is gone, or too slow.
        }
        finally
        {
            _places.Release();
        }
    }

    // Up to the empty line; null when there is none within the bounds.
    private static async Task<string?> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[LargestRequest];
        var length = 0;
        while (length < buffer.Length)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            length += count;
            if (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
            {
                return Encoding.ASCII.GetString(buffer, 0, length);
            }

            if (count == 0)
            {
                break;
            }
        }

        return null;
    }

    private byte[] Answer(string? head)
    {
        var line = (head ?? "").Split("\r\n")[0].Split(' ');
        return line switch
        {
            ["GET", var target, "HTTP/1.1" or "HTTP/1.0"] => target.Split('?')[0] switch
            {
                "/metrics" => Response("200 OK", MetricsPage.ContentType, _page.Render()),
                "/healthz" => Response("200 OK", "text/plain", "ok\n"),
                _ => Response("404 Not Found", "text/plain", "there are /metrics and /healthz\n"),
            },
            [_, _, "HTTP/1.1" or "HTTP/1.0"] => Response("405 Method Not Allowed", "text/plain", "only GET\n", "Allow: GET\r\n"),
            _ => Response("400 Bad Request", "text/plain", "not an HTTP/1.1 request\n"),
        };
    }

    private static byte[] Response(string status, string type, string body, string headers = "")
    {
        var length = Encoding.UTF8.GetByteCount(body);
        return Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n{body}");
    }
}
