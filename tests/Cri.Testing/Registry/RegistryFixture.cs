using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cri.Testing.Registry;

/// <summary>
/// A docker-registry on a loopback port of its own, with its storage in a temporary directory. Dispose ends it and removes
/// the storage.
/// </summary>
public sealed class RegistryFixture : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private readonly TemporaryDirectory _directory = new("registry");
    private readonly HttpClient _http;
    private BackgroundProcess? _process;

    private RegistryFixture(int port)
    {
        Host = $"localhost:{port}";
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    /// <summary>Host and port as they stand in a reference.</summary>
    public string Host { get; }

    /// <summary>Starts the registry and waits until it answers.</summary>
    public static async Task<RegistryFixture> StartAsync()
    {
        var port = FreePort();
        var registry = new RegistryFixture(port);
        var configuration = registry._directory.File("config.yml", $$"""
            version: 0.1
            log: { level: error }
            storage:
              filesystem: { rootdirectory: {{registry._directory.Path}}/data }
              delete: { enabled: true }
            http: { addr: "127.0.0.1:{{port}}" }
            """);
        registry._process = BackgroundProcess.Start("/usr/bin/docker-registry", ["serve", configuration], registry._directory.Path + "/log");
        await registry._process.UntilAsync(registry.AnswersAsync, "the registry answers");
        return registry;
    }

    /// <summary>Pushes an image; returns the reference to pull it by.</summary>
    public async Task<string> PushAsync(TestImage image)
    {
        var (repository, tag) = Split(image.Name);
        var layers = new JsonArray();
        var diffIds = new List<string>();
        foreach (var (blob, diffId) in image.Layers())
        {
            layers.Add(await PushBlobAsync(repository, blob, "application/vnd.oci.image.layer.v1.tar+gzip"));
            diffIds.Add(diffId);
        }

        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = await PushBlobAsync(repository, image.Configuration(diffIds), "application/vnd.oci.image.config.v1+json"),
            ["layers"] = layers,
        };
        await PushManifestAsync(repository, tag, JsonSerializer.SerializeToUtf8Bytes(manifest));
        return $"{Host}/{image.Name}";
    }

    /// <summary>The digest of the manifest that a pushed image's tag names.</summary>
    public async Task<string> DigestAsync(string name)
    {
        var (repository, tag) = Split(name);
        using var request = new HttpRequestMessage(HttpMethod.Head, $"/v2/{repository}/manifests/{tag}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(ManifestType));
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return response.Headers.GetValues("Docker-Content-Digest").Single();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.KillAsync();
        }

        _http.Dispose();
        _directory.Dispose();
    }

    // The port may be taken before the registry binds it; with one in a few thousand free ports that is rare.
    private static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    private static (string Repository, string Tag) Split(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon < 0 ? (name, "latest") : (name[..colon], name[(colon + 1)..]);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("/v2/", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<JsonObject> PushBlobAsync(string repository, byte[] blob, string mediaType)
    {
        var digest = TestImage.Digest(blob);
        using var start = await _http.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
        start.EnsureSuccessStatusCode();
        var location = start.Headers.Location!.ToString();
        using var content = new ByteArrayContent(blob);
        using var put = await _http.PutAsync($"{location}{(location.Contains('?') ? '&' : '?')}digest={digest}", content);
        put.EnsureSuccessStatusCode();
        return new JsonObject { ["mediaType"] = mediaType, ["digest"] = digest, ["size"] = blob.Length };
    }

    private async Task PushManifestAsync(string repository, string tag, byte[] manifest)
    {
        using var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue(ManifestType);
        using var put = await _http.PutAsync(new Uri($"/v2/{repository}/manifests/{tag}", UriKind.Relative), content);
        put.EnsureSuccessStatusCode();
    }
}
