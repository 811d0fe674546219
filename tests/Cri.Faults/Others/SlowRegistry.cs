using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Cri.Faults.Others;

/// <summary>A registry of one image whose layer never comes to its end; Die cuts all connections, as its death would.</summary>
internal sealed class SlowRegistry : IAsyncDisposable
{
    private const int LayerSize = 1 << 20;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _inTheMidst = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<TcpClient> _clients = [];
    private readonly Task _serving;
    private bool _isDead;

    private SlowRegistry(TcpListener listener)
    {
        _listener = listener;
        _serving = ServeAsync();
    }

    /// <summary>Host and port.</summary>
    public string Host => $"localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Completes when a part of the layer was sent.</summary>
    public Task InTheMidst => _inTheMidst.Task;

    /// <summary>Starts it on a port of its own.</summary>
    public static Task<SlowRegistry> StartAsync()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return Task.FromResult(new SlowRegistry(listener));
    }

    /// <summary>Cuts every connection, those to come as well; the port stays taken, or somebody else's registry could come to be there.</summary>
    public void Die()
    {
        lock (_clients)
        {
            _isDead = true;
            _clients.ForEach(client => client.Dispose());
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        Die();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                if (TryKeep(client))
                {
                    _ = AnswerAsync(client);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private bool TryKeep(TcpClient client)
    {
        lock (_clients)
        {
            if (_isDead)
            {
                client.Dispose();
                return false;
            }

            _clients.Add(client);
            return true;
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII);
            while (await reader.ReadLineAsync() is { } request)
            {
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }

                await AnswerAsync(stream, request.Split(' ') is [var verb, var path, ..] ? (verb, path) : ("", ""));
            }
        }
        catch (Exception end) when (end is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }

    private async Task AnswerAsync(Stream stream, (string Verb, string Path) request)
    {
        var configuration = Encoding.ASCII.GetBytes($$$"""{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:{{{new string('a', 64)}}}"]}}""");
        var manifest = Encoding.ASCII.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
             "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{Digest(configuration)}}}","size":{{{configuration.Length}}}},
             "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:{{{new string('b', 64)}}}","size":{{{LayerSize}}}}]}
            """);
        if (request.Path.Contains("/manifests/", StringComparison.Ordinal))
        {
            await SendAsync(stream, request.Verb, "application/vnd.oci.image.manifest.v1+json", manifest, manifest.Length);
        }
        else if (request.Path.Contains(Digest(configuration), StringComparison.Ordinal))
        {
            await SendAsync(stream, request.Verb, "application/octet-stream", configuration, configuration.Length);
        }
        else if (request.Path.Contains("/blobs/", StringComparison.Ordinal))
        {
            await SendAsync(stream, request.Verb, "application/octet-stream", new byte[LayerSize / 2], LayerSize);
            _inTheMidst.TrySetResult();
            await Task.Delay(Timeout.Infinite, _end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
        else
        {
            await SendAsync(stream, request.Verb, "application/json", "{}"u8.ToArray(), 2);
        }
    }

    private static async Task SendAsync(Stream stream, string verb, string type, byte[] body, int length)
    {
        var head = $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {length}\r\nDocker-Content-Digest: {Digest(body)}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        if (verb != "HEAD")
        {
            await stream.WriteAsync(body);
        }
    }

    private static string Digest(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
