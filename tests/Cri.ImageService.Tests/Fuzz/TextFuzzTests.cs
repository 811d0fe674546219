using System.Text;
using System.Text.Json;
using Cri.ImageService.Auth;
using Cri.ImageService.Hosts;
using Cri.ImageService.Pull;
using Cri.ImageService.Registry;
using Cri.Oci.Images;
using Cri.Testing.Fuzz;

namespace Cri.ImageService.Tests.Fuzz;

/// <summary>The readers of text that strangers write: whatever it is, they read it or say what is wrong, by one type of exception.</summary>
public sealed class TextFuzzTests
{
    private const string Sha = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public void Reference_AnyText_IsReadOrRefusedAndPrintsAsItself() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts(
            "busybox", "docker.io/library/nginx:1.25", "localhost:5000/a/b__c/d-e:tag", "registry.example.com/x/y@" + Sha, "[::1]:5000/x:y",
            "index.docker.io/x", "a/b:v1@" + Sha, "EXAMPLE.com/a", "xn--e1afmkfd.example/a.b-c:0"),
        FuzzRun.Texts("/", ":", "@", "sha256:", "sha512:", "..", "__", "--", "[", "]", "localhost/", Sha, "%", "\u0430", "\n"),
        input =>
        {
            var text = Encoding.UTF8.GetString(input);
            ImageReference reference;
            try
            {
                reference = ImageReference.Parse(text);
            }
            catch (FormatException)
            {
                Assert.Null(ImageReference.TryParse(text));
                return;
            }

            Assert.Equal(reference, ImageReference.Parse(reference.ToString()));
            Assert.Equal(reference.Canonical(), ImageReference.Parse(reference.Canonical().ToString()));
            Assert.Equal(reference.Canonical(), reference.Canonical().Canonical());
            Assert.DoesNotContain(reference.ToString(), char.IsWhiteSpace);
            Assert.DoesNotContain("/../", $"/{reference.Repository}/");
            Assert.True(Uri.TryCreate($"https://{reference.Host}/v2/{reference.Repository}/", UriKind.Absolute, out _), reference.ToString());
        });

    [Fact]
    public void Digest_AnyText_IsReadOrRefusedAndPrintsAsItself() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts(Sha, "sha512:" + new string('0', 128)),
        FuzzRun.Texts(":", "sha256:", "A", "/", "..", "\0"),
        input =>
        {
            if (Digest.TryParse(Encoding.UTF8.GetString(input), out var digest))
            {
                Assert.Equal(digest, Digest.Parse(digest.ToString()));
                Assert.DoesNotContain('/', digest.ToString());
            }
        });

    [Fact]
    public void Manifest_AnyBytes_IsReadOrRefused() => FuzzRun.Run(
        15_000,
        FuzzRun.Texts(
            $$$$"""{"schemaVersion":2,"mediaType":"{{{{MediaTypes.OciManifest}}}}","config":{"mediaType":"{{{{MediaTypes.OciConfig}}}}","digest":"{{{{Sha}}}}","size":7},"layers":[{"mediaType":"{{{{MediaTypes.OciLayerGzip}}}}","digest":"{{{{Sha}}}}","size":7,"annotations":{"a":"b"}}],"annotations":{"c":"d"}}""",
            $$$$"""{"schemaVersion":2,"mediaType":"{{{{MediaTypes.OciManifest}}}}","artifactType":"a/b","config":{"mediaType":"{{{{MediaTypes.OciEmpty}}}}","digest":"{{{{Sha}}}}","size":2},"layers":[{"mediaType":"c/d","digest":"{{{{Sha}}}}","size":2,"annotations":{"org.opencontainers.image.title":"dir/file"}}]}""",
            $$$$"""{"schemaVersion":2,"mediaType":"{{{{MediaTypes.OciIndex}}}}","manifests":[{"mediaType":"{{{{MediaTypes.OciManifest}}}}","digest":"{{{{Sha}}}}","size":7,"platform":{"architecture":"amd64","os":"linux","variant":"v2","os.version":"1"}},{"digest":"{{{{Sha}}}}","size":1}]}""",
            $$$$"""{"schemaVersion":1,"name":"x","tag":"y","fsLayers":[{"blobSum":"{{{{Sha}}}}"}],"history":[],"signatures":[]}"""),
        FuzzRun.Texts(
            "null", "[]", "{}", ",", "\"", "\"layers\":", "\"manifests\":", "\"mediaType\":", "\"config\":", "\\u0000", "\\ud800", "[[[[[[[[", "true",
            "\"org.opencontainers.image.title\":\"../x\",", "\"platform\":null,", "\"annotations\":{\"x\":null},", "\"variant\":\"v99999999999\""),
        input => Refusable(() =>
        {
            ManifestDocument.RefuseSchema1("fuzz", input, null);
            var document = ManifestDocument.Parse("fuzz", Digest.OfSha256(input), input, "application/json");
            if (document.Index is { } index)
            {
                PlatformSelector.TrySelect(index, Platform.Host, out _);
            }
            else if (document.Manifest!.Artifact is not null)
            {
                var files = ArtifactContent.FilesOf(document.Manifest);
                Assert.All(files, file => Assert.DoesNotContain("..", file.Path.Split('/')));
                Assert.All(files, file => Assert.False(Path.IsPathRooted(file.Path)));
            }
        }));

    [Fact]
    public void ImageConfiguration_AnyBytes_IsReadOrRefused() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts(
            $$$$"""{"created":"2020-02-03T04:05:06Z","architecture":"amd64","os":"linux","config":{"User":"1:2","Env":["A=b"],"Entrypoint":["/x"],"Cmd":null,"Volumes":{"/v":{}},"WorkingDir":"/","Labels":{"a":"b"},"StopSignal":"9","ExposedPorts":{"80/tcp":{}}},"rootfs":{"type":"layers","diff_ids":["{{{{Sha}}}}"]},"history":[{"created_by":"x","empty_layer":true}]}"""),
        FuzzRun.Texts("null", "[]", "{}", ",", "\"Env\":[null],", "\"diff_ids\":null", "[[[[[[[[[[", "\\ud800", "\"config\":null,"),
        input =>
        {
            try
            {
                _ = JsonSerializer.Deserialize(input, ImageJson.Default.Image)?.Config?.HasNulls;
            }
            catch (JsonException)
            {
            }
        });

    [Fact]
    public void AuthChallenge_AnyText_IsRead() => FuzzRun.Run(
        15_000,
        FuzzRun.Texts(
            "Bearer realm=\"https://auth.example.com/token\",service=\"registry\",scope=\"repository:a/b:pull,push\",error=\"invalid_token\"",
            "Basic realm=\"quoted \\\"realm\\\"\", Bearer realm=https://x/y", "Negotiate", "Basic"),
        FuzzRun.Texts("\"", "\\", "=", ",", " ", "realm=", "Bearer ", "\t", "\0", "==", ",,,,"),
        input =>
        {
            var text = Encoding.Latin1.GetString(input);
            Assert.True(AuthChallenge.ParseAll(text).Count <= text.Length);
        });

    [Fact]
    public void HostsToml_AnyText_IsReadOrRefusedWithItsLine() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts(
            """
            server = "https://registry-1.example.com"

            [host."https://mirror.example.com/v2/x"]
              capabilities = ["pull", "resolve"]
              override_path = true
              skip_verify = true
              dial_timeout = "1s500ms"
              ca = ["a.pem", 'b.pem']
              client = [["cert.pem", "key.pem"]]
              [host."https://mirror.example.com/v2/x".header]
                x-token = ["one", "two"]
            """,
            "server = \"\"\nhost = { \"http://a:1\" = { capabilities = [\"pull\"] } } # comment\n",
            "[host.'https://x']\n[host.'https://y']\nca = \"\"\"a\\\nb\"\"\"\n"),
        FuzzRun.Texts("\"\"\"", "'''", "[", "]", "{", "}", "=", "\n", "\r\n", "\\u", "\\UFFFFFFFF", ".", "[[", "#", "1e9", "1979-05-27", "inf", "\"9999999999h\"", "[host]\n", "\0", "file:///etc", "https://u:p@h"),
        input => Refusable(() =>
        {
            var fallback = new RegistryHost { Api = new Uri("https://registry.example.com/v2/") };
            Assert.NotEmpty(HostsFile.Parse("/etc/hosts.d/x/hosts.toml", Encoding.UTF8.GetString(input), fallback));
        }));

    private static void Refusable(Action read)
    {
        try
        {
            read();
        }
        catch (ImageException error)
        {
            Assert.NotEmpty(error.Message);
        }
    }
}
