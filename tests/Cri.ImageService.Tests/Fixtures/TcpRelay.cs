using System.Net;
using System.Net.Sockets;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A network between a client and a server on loopback: as slow as told, and it breaks where told.</summary>
public sealed class TcpRelay : IDisposable
{
    private const int ChunkSize = 16 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Queue<long> _cuts;
    private readonly int _port;
    private readonly int? _bytesPerSecond;
    private readonly HashSet<TcpClient> _open = [];

    /// <summary>
    /// Relays to a port of 127.0.0.1. A connection is cut when what was relayed to clients in all reaches the next of
    /// <paramref name="cuts"/>; every fourth time by a reset. Each connection brings at most so many bytes a second.
    /// </summary>
    public TcpRelay(int port, IEnumerable<long>? cuts = null, int? bytesPerSecond = null)
    {
        (_port, _bytesPerSecond) = (port, bytesPerSecond);
        _cuts = new Queue<long>(cuts ?? []);
        _listener.Start();
        Host = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = AcceptAsync();
    }

    public string Host { get; }

    /// <summary>After so many bytes nothing more is relayed.</summary>
    public long HoldAt { get; init; } = long.MaxValue;

    /// <summary>Bytes relayed to clients.</summary>
    public long Relayed { get; private set; }

    /// <summary>How often it has cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>The most connections there were at once.</summary>
    public int MostConnections { get; private set; }

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
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        client.SendBufferSize = ChunkSize;
        using (client)
        using (var server = new TcpClient())
        {
            Note(client, isOpen: true);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _port, _stop.Token);
                using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var asking = client.GetStream().CopyToAsync(server.GetStream(), end.Token);
                await AnswerAsync(client, server.GetStream());
                await end.CancelAsync();
                await asking;
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
            {
            }
            finally
            {
                Note(client, isOpen: false);
            }
        }
    }

    private async Task AnswerAsync(TcpClient client, NetworkStream server)
    {
        var buffer = new byte[ChunkSize];
        int count;
        while ((count = await server.ReadAsync(buffer, _stop.Token)) > 0)
        {
            while (Relayed >= HoldAt)
            {
                await Task.Delay(50, _stop.Token);
            }

            var allowed = Pass(count, out var reset);
            await client.GetStream().WriteAsync(buffer.AsMemory(0, allowed), _stop.Token);
            if (allowed < count)
            {
                client.LingerState = new LingerOption(reset, 0);
                return;
            }

            if (_bytesPerSecond is { } rate)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)count / rate), _stop.Token);
            }
        }
    }

    // How much of what came goes on: less than all when the connection is to be cut.
    private int Pass(int count, out bool reset)
    {
        lock (_lock)
        {
            var isCut = _cuts.TryPeek(out var cut) && Relayed + count > cut;
            var allowed = isCut ? (int)Math.Max(0, cut - Relayed) : count;
            Relayed += allowed;
            reset = false;
            if (isCut)
            {
                _cuts.Dequeue();
                reset = ++Cuts % 4 == 0;
            }

            return allowed;
        }
    }

    private void Note(TcpClient client, bool isOpen)
    {
        lock (_lock)
        {
            _ = isOpen ? _open.Add(client) : _open.Remove(client);
            MostConnections = Math.Max(MostConnections, _open.Count);
        }
    }
}
