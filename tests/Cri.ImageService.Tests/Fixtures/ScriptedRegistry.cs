using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>What a scripted registry is asked.</summary>
public sealed record ScriptedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>What it answers. <paramref name="SendOnly"/> cuts the connection after so many bytes of the body.</summary>
public sealed record ScriptedAnswer(int Status, byte[] Body, string ContentType = "application/octet-stream", int? SendOnly = null, string Headers = "")
{
    /// <summary>Awaited before the body is sent.</summary>
    public Task? Hold { get; init; }

    /// <summary>Awaited between the bytes of the body, each sent alone; null sends it as a whole.</summary>
    public Func<Task>? Drip { get; init; }
}

/// <summary>A registry that lies, breaks off or stalls as a test tells it: no real one can be made to.</summary>
public sealed class ScriptedRegistry : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ScriptedRequest, ScriptedAnswer?> _script;
    private readonly X509Certificate2? _certificate;
    private readonly ConcurrentDictionary<string, byte[]> _content = new();

    /// <summary>The script may answer; what it leaves (null) is answered honestly from what was added.</summary>
    public ScriptedRegistry(Func<ScriptedRequest, ScriptedAnswer?>? script = null, X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _script = script ?? (_ => null);
        _listener.Start();
        Host = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = AcceptAsync();
    }

    public string Host { get; }

    public ConcurrentQueue<ScriptedRequest> Requests { get; } = new();

    public ScriptedRegistry Add(TestImage image, string repository, string tag)
    {
        foreach (var (digest, content) in image.Blobs)
        {
            AddContent($"/v2/{repository}/blobs/{digest}", content);
        }

        AddContent($"/v2/{repository}/manifests/{image.ManifestDigest}", image.Blobs[image.ManifestDigest]);
        AddContent($"/v2/{repository}/manifests/{tag}", image.Blobs[image.ManifestDigest]);
        return this;
    }

    public void AddContent(string path, byte[] content) => _content[path] = content;

    public int Count(string part) => Requests.Count(request => request.Path.Contains(part));

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
        using (client)
        {
            try
            {
                await using var stream = await OpenAsync(client);
                while (await ReadAsync(stream) is { } request)
                {
                    Requests.Enqueue(request);
                    if (!await AnswerAsync(stream, request, _script(request) ?? Honest(request)))
                    {
                        return;
                    }
                }
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or AuthenticationException)
            {
            }
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_certificate is null)
        {
            return client.GetStream();
        }

        var secure = new SslStream(client.GetStream());
        await secure.AuthenticateAsServerAsync(_certificate);
        return secure;
    }

    private ScriptedAnswer Honest(ScriptedRequest request)
    {
        if (!_content.TryGetValue(request.Path.Split('?')[0], out var body))
        {
            return new ScriptedAnswer(404, """{"errors":[{"code":"NOT_FOUND","message":"no such thing"}]}"""u8.ToArray());
        }

        var headers = $"Docker-Content-Digest: {Digest.OfSha256(body)}\r\n";
        var type = request.Path.Contains("/manifests/") ? MediaTypes.OciManifest : "application/octet-stream";
        if (request.Header("range") is { } range)
        {
            var bounds = range["bytes=".Length..].Split('-');
            var from = int.Parse(bounds[0]);
            var last = bounds[1].Length > 0 ? Math.Min(int.Parse(bounds[1]), body.Length - 1) : body.Length - 1;
            return new ScriptedAnswer(206, body[from..(last + 1)], type, Headers: $"{headers}Content-Range: bytes {from}-{last}/{body.Length}\r\n");
        }

        return new ScriptedAnswer(200, body, type, Headers: headers);
    }

    private async Task<bool> AnswerAsync(Stream stream, ScriptedRequest request, ScriptedAnswer answer)
    {
        var head = $"HTTP/1.1 {answer.Status} Scripted\r\nContent-Type: {answer.ContentType}\r\nContent-Length: {answer.Body.Length}\r\n{answer.Headers}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
        if (request.Method == "HEAD")
        {
            return true;
        }

        await (answer.Hold?.WaitAsync(_stop.Token) ?? Task.CompletedTask);
        for (var i = 0; answer.Drip is not null && i < answer.Body.Length; i++)
        {
            await stream.WriteAsync(answer.Body.AsMemory(i, 1), _stop.Token);
            await answer.Drip().WaitAsync(_stop.Token);
        }

        if (answer.Drip is not null)
        {
            return true;
        }

        await stream.WriteAsync(answer.Body.AsMemory(0, answer.SendOnly ?? answer.Body.Length), _stop.Token);
        return answer.SendOnly is null;
    }

    private async Task<ScriptedRequest?> ReadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var first = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .GroupBy(pair => pair[0].ToLowerInvariant())
            .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1])));
        var body = new byte[headers.TryGetValue("content-length", out var length) ? int.Parse(length) : 0];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return new ScriptedRequest(first[0], first[1], headers, Encoding.UTF8.GetString(body));
    }
}
