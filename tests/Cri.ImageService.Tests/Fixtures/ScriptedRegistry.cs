using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
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
}

/// <summary>A registry that lies, breaks off or stalls as a test tells it: no real one can be made to.</summary>
public sealed class ScriptedRegistry : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ScriptedRequest, ScriptedAnswer?> _script;
    private readonly ConcurrentDictionary<string, byte[]> _content = new();

    /// <summary>The script may answer; what it leaves (null) is answered honestly from what was added.</summary>
    public ScriptedRegistry(Func<ScriptedRequest, ScriptedAnswer?>? script = null)
    {
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
                var stream = client.GetStream();
                while (await ReadAsync(stream) is { } request)
                {
                    Requests.Enqueue(request);
                    if (!await AnswerAsync(stream, request, _script(request) ?? Honest(request)))
                    {
                        return;
                    }
                }
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or SocketException)
            {
            }
        }
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
            var from = int.Parse(range["bytes=".Length..].TrimEnd('-'));
            return new ScriptedAnswer(206, body[from..], type, Headers: $"{headers}Content-Range: bytes {from}-{body.Length - 1}/{body.Length}\r\n");
        }

        return new ScriptedAnswer(200, body, type, Headers: headers);
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, ScriptedRequest request, ScriptedAnswer answer)
    {
        var head = $"HTTP/1.1 {answer.Status} Scripted\r\nContent-Type: {answer.ContentType}\r\nContent-Length: {answer.Body.Length}\r\n{answer.Headers}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
        if (request.Method == "HEAD")
        {
            return true;
        }

        await (answer.Hold?.WaitAsync(_stop.Token) ?? Task.CompletedTask);
        await stream.WriteAsync(answer.Body.AsMemory(0, answer.SendOnly ?? answer.Body.Length), _stop.Token);
        return answer.SendOnly is null;
    }

    private async Task<ScriptedRequest?> ReadAsync(NetworkStream stream)
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
