using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cri.Testing.Registry;

/// <summary>
/// A docker-registry on a loopback port of its own, with its storage in a temporary directory. Dispose ends it and removes
/// the storage.
/// </summary>
public sealed partial class RegistryFixture : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private readonly TemporaryDirectory _directory = new("registry");
    private readonly HttpClient _http = new();
    private BackgroundProcess? _process;

    private RegistryFixture()
    {
    }

    /// <summary>Host and port as they stand in a reference.</summary>
    public string Host { get; private set; } = "";

    /// <summary>
    /// Starts the registry and waits until it answers. With a bcrypt line of htpasswd, and that user's <c>name:password</c>, it
    /// asks for Basic authentication.
    /// </summary>
    public static async Task<RegistryFixture> StartAsync(string? htpasswd = null, string? credentials = null)
    {
        var registry = new RegistryFixture();
        await registry.StartProcessAsync(htpasswd, credentials);
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

    /// <summary>Signs a pushed image as cosign does: <paramref name="sign"/> gets the payload and returns the signature.</summary>
    public async Task SignAsync(string name, Func<byte[], byte[]> sign)
    {
        var (repository, _) = Split(name);
        var digest = await DigestAsync(name);
        var payload = JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["critical"] = new JsonObject
            {
                ["identity"] = new JsonObject { ["docker-reference"] = $"{Host}/{repository}" },
                ["image"] = new JsonObject { ["docker-manifest-digest"] = digest },
                ["type"] = "cosign container image signature",
            },
            ["optional"] = null,
        });
        var layer = await PushBlobAsync(repository, payload, "application/vnd.dev.cosign.simplesigning.v1+json");
        layer["annotations"] = new JsonObject { ["dev.cosignproject.cosign/signature"] = Convert.ToBase64String(sign(payload)) };
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = await PushBlobAsync(repository, "{}"u8.ToArray(), "application/vnd.oci.image.config.v1+json"),
            ["layers"] = new JsonArray(layer),
        };
        await PushManifestAsync(repository, $"{digest.Replace(':', '-')}.sig", JsonSerializer.SerializeToUtf8Bytes(manifest));
    }

    /// <summary>Pushes an artifact of files, each under its title; returns the reference to pull it by.</summary>
    public async Task<string> PushArtifactAsync(string name, IReadOnlyDictionary<string, string> files)
    {
        var (repository, tag) = Split(name);
        var layers = new JsonArray();
        foreach (var (title, content) in files)
        {
            var layer = await PushBlobAsync(repository, System.Text.Encoding.UTF8.GetBytes(content), "application/vnd.example.file");
            layer["annotations"] = new JsonObject { ["org.opencontainers.image.title"] = title };
            layers.Add(layer);
        }

        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["artifactType"] = "application/vnd.example.artifact",
            ["config"] = await PushBlobAsync(repository, "{}"u8.ToArray(), "application/vnd.oci.empty.v1+json"),
            ["layers"] = layers,
        };
        await PushManifestAsync(repository, tag, JsonSerializer.SerializeToUtf8Bytes(manifest));
        return $"{Host}/{name}";
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

    private async Task StartProcessAsync(string? htpasswd, string? credentials)
    {
        var auth = htpasswd is null ? "" : $"auth: {{ htpasswd: {{ realm: test, path: {_directory.File("htpasswd", htpasswd)} }} }}\n";
        var configuration = _directory.File("config.yml", $$"""
            version: 0.1
            log: { level: info, accesslog: { disabled: true } }
            storage:
              filesystem: { rootdirectory: {{_directory.Path}}/data }
              delete: { enabled: true }
            http: { addr: "127.0.0.1:0" }

            """ + auth);
        if (credentials is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        }

        _process = BackgroundProcess.Start("/usr/bin/docker-registry", ["serve", configuration], _directory.Path + "/log");
        await _process.UntilAsync(AnswersAsync, "the registry answers");
    }

    private static (string Repository, string Tag) Split(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon < 0 ? (name, "latest") : (name[..colon], name[(colon + 1)..]);
    }

    private async Task<bool> AnswersAsync()
    {
        // The kernel chooses the port, so that nobody else can have taken it meanwhile; the log then names it.
        if (Host.Length == 0)
        {
            if (Listening().Match(_process!.Output) is not { Success: true } match)
            {
                return false;
            }

            Host = $"localhost:{match.Groups[1].Value}";
            _http.BaseAddress = new Uri($"http://127.0.0.1:{match.Groups[1].Value}");
        }

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

    [GeneratedRegex(@"listening on 127\.0\.0\.1:(\d+)\D")]
    private static partial Regex Listening();
}
