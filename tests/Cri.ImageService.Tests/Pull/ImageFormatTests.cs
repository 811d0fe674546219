using System.IO.Compression;
using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>The forms that manifests, indexes and compressed layers come in.</summary>
public sealed class ImageFormatTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry;
    private string? _headerType;

    public ImageFormatTests() => _registry = new ScriptedRegistry(request =>
        _headerType is { } type && request.Method == "GET" && request.Path.Contains("/manifests/")
            ? new ScriptedAnswer(200, Content(request.Path), type)
            : null);

    private readonly Dictionary<string, byte[]> _manifests = [];

    public void Dispose()
    {
        _node.Dispose();
        _registry.Dispose();
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task PullAsync_EachCompression_IsRead(string compression)
    {
        var image = new TestImage().Layer(new LayerTar().File("file", compression), compression).Finish();

        var record = await PullAsync(image);

        Assert.Equal(compression, File.ReadAllText(Path.Join(_node.Tree(record), "file")));
    }

    [Fact]
    public async Task PullAsync_DockerManifest_IsRead()
    {
        var image = TestImage.Small("docker");
        var manifest = Encoding.UTF8.GetString(image.Blobs[image.ManifestDigest])
            .Replace(MediaTypes.OciManifest, MediaTypes.DockerManifest)
            .Replace(MediaTypes.OciConfig, MediaTypes.DockerConfig)
            .Replace(MediaTypes.OciLayerGzip, MediaTypes.DockerLayerGzip);

        var record = await PullAsync(image, manifest);

        Assert.Equal(image.Id, record.Id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    public async Task PullAsync_ManifestThatDoesNotNameItself_IsToldByItsContent(string? header)
    {
        var image = TestImage.Small("anonymous");
        _headerType = header;

        var record = await PullAsync(image, Manifest(image).Replace($"\"mediaType\":\"{MediaTypes.OciManifest}\",", ""));

        Assert.Equal(image.Id, record.Id);
    }

    [Fact]
    public async Task PullAsync_ConfigurationWithoutAMediaType_IsRead()
    {
        var image = TestImage.Small("config");

        var record = await PullAsync(image, Manifest(image).Replace($"\"mediaType\":\"{MediaTypes.OciConfig}\",", ""));

        Assert.Equal(image.Id, record.Id);
    }

    [Fact]
    public async Task PullAsync_IndexInAnIndexWithAttestations_FindsTheImage()
    {
        var image = TestImage.Small("nested");
        Add(image);
        var attestation = TestImage.Describe(MediaTypes.OciManifest, Digest.OfSha256("attestation"u8), 1,
            ""","platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}""");
        var unknown = TestImage.Describe("application/vnd.example.unknown+json", Digest.OfSha256("unknown"u8), 1, ThisPlatform);
        var bill = TestImage.Describe(MediaTypes.OciManifest, Digest.OfSha256("sbom"u8), 1, ""","artifactType":"application/spdx+json" """);
        var inner = Index(attestation, unknown, bill, TestImage.Describe(MediaTypes.OciManifest, image.ManifestDigest, image.Blobs[image.ManifestDigest].Length, ThisPlatform));
        var outer = Index(TestImage.Describe(MediaTypes.OciIndex, inner, _manifests[$"{inner}"].Length));

        var record = await PullAsync(outer);

        Assert.Equal(image.Id, record.Id);
        Assert.Equal([$"{_registry.Host}/formats@{outer}"], record.RepoDigests);
    }

    [Fact]
    public async Task PullAsync_IndexesInsideEachOther_AreRefusedBeyondAFew()
    {
        var digest = Index();
        for (var i = 0; i < 20; i++)
        {
            digest = Index(TestImage.Describe(MediaTypes.OciIndex, digest, _manifests[$"{digest}"].Length));
        }

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(digest));

        Assert.Contains("indexes inside each other", error.Message);
        Assert.True(_registry.Count("/manifests/") < 10);
    }

    [Theory]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws", """{"schemaVersion":1,"fsLayers":[{"blobSum":"sha256:a"}],"signatures":[]}""")]
    [InlineData("application/vnd.docker.distribution.manifest.v1+json", """{"schemaVersion":1,"fsLayers":[]}""")]
    [InlineData("application/json", """{"schemaVersion":1,"name":"old","fsLayers":[],"history":[]}""")]
    public async Task PullAsync_Schema1_SaysWhatItIsAndWhatToDo(string type, string manifest)
    {
        // The digest of a signed one does not cover its signatures, so it never matches the document.
        var digest = Digest.OfSha256("the payload"u8);
        _headerType = type;
        _manifests["v1"] = _manifests[$"{digest}"] = Encoding.UTF8.GetBytes(manifest);
        using var registry = new ScriptedRegistry(request => request.Path.Contains("/manifests/")
            ? new ScriptedAnswer(200, Encoding.UTF8.GetBytes(manifest), type, Headers: $"Docker-Content-Digest: {digest}\r\n")
            : null);

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.PullAsync($"{registry.Host}/ancient:v1"));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains($"{registry.Host}/ancient:v1", error.Message);
        Assert.Contains("schema 1", error.Message);
        Assert.Contains("push the image again", error.Message);
    }

    [Theory]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar")]
    public async Task PullAsync_ForeignLayer_SaysWhatItIsAndWhatToDo(string type)
    {
        var image = TestImage.Small("foreign");

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(image, Manifest(image).Replace(MediaTypes.OciLayerGzip, type)));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("formats:v1", error.Message);
        Assert.Contains(image.LayerDigests[0].ToString(), error.Message);
        Assert.Contains("foreign", error.Message);
        Assert.Contains("another base", error.Message);
    }

    [Theory]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":null,"layers":[]}""", "config")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""", "config")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[null]}""", "not whole")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[{"digest":"sha256:00","size":1}]}""", "digest")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[],"layers":[]}""", "twice")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[],"Layers":[]}""", "twice")]
    [InlineData("""{"config":CONFIG,"layers":[],"manifests":[]}""", "ambiguous")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"DIGEST","size":1,"platform":{"os":null,"architecture":"amd64"}}]}""", "os")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[null]}""", "not whole")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"DIGEST","size":-1},"layers":[]}""", "negative size")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"DIGEST","size":1e400},"layers":[]}""", "size")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"DIGEST","size":9223372036854775808},"layers":[]}""", "size")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"DIGEST","size":1},"layers":[{"digest":"DIGEST","size":2}]}""", "two sizes")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[{"digest":"DIGEST","size":9223372036854775807}]}""", "beyond all measure")]
    [InlineData("""{"\ud800":1}""", "manifest")]
    [InlineData("""[]""", "manifest")]
    [InlineData("""null""", "manifest")]
    [InlineData("""{""", "manifest")]
    [InlineData("", "manifest")]
    [InlineData("""{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[],"annotations":NEST}""", "depth")]
    public async Task PullAsync_ManifestThatCannotBe_IsRefused(string manifest, string word)
    {
        var content = manifest
            .Replace("CONFIG", """{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2}""")
            .Replace("DIGEST", Digest.OfSha256("x"u8).ToString())
            .Replace("NEST", new string('[', 5000) + new string(']', 5000));

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(AddManifest(Encoding.UTF8.GetBytes(content))));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains(word, error.Message);
        _node.AssertEmpty();
    }

    [Theory]
    [InlineData("""{"rootfs":{"type":"layers","diff_ids":[null]}}""")]
    [InlineData("""{"rootfs":null}""")]
    [InlineData("""{"rootfs":{"diff_ids":null}}""")]
    [InlineData("""{"config":{"Env":[null]},"rootfs":{"diff_ids":[]}}""")]
    [InlineData("""{"config":{"Env":{}},"rootfs":{"diff_ids":[]}}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task PullAsync_ConfigurationThatCannotBe_IsRefused(string config)
    {
        var content = Encoding.UTF8.GetBytes(config);
        var digest = Digest.OfSha256(content);
        _registry.AddContent($"/v2/formats/blobs/{digest}", content);
        var manifest = $$"""{"mediaType":"{{MediaTypes.OciManifest}}","config":{{TestImage.Describe(MediaTypes.OciConfig, digest, content.Length)}},"layers":[]}""";

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(AddManifest(Encoding.UTF8.GetBytes(manifest))));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("not an image configuration", error.Message);
    }

    [Fact]
    public async Task PullAsync_ImageOf127Layers_IsWhole()
    {
        var image = new TestImage();
        for (var i = 0; i < 127; i++)
        {
            image.Layer(i % 3 == 0 ? RawTar.End : new LayerTar().File($"file{i}", $"{i}").ToArray());
        }

        var record = await PullAsync(image.Finish());

        Assert.Equal(127, record.DiffIds.Count);
        Assert.Equal(85, record.Layers.Count);
    }

    [Fact]
    public async Task PullAsync_MoreLayersThanCanBeMounted_IsRefusedUnfetched()
    {
        var diffIds = Enumerable.Range(0, 500).Select(i => $"\"{Digest.OfSha256(BitConverter.GetBytes(i))}\"");
        var config = Encoding.UTF8.GetBytes($$"""{"rootfs":{"diff_ids":[{{string.Join(',', diffIds)}}]} }""");
        _registry.AddContent($"/v2/formats/blobs/{Digest.OfSha256(config)}", config);
        var layer = TestImage.Describe(MediaTypes.OciLayer, Digest.OfSha256("layer"u8), 5);
        var manifest = $$"""{"mediaType":"{{MediaTypes.OciManifest}}","config":{{TestImage.Describe(MediaTypes.OciConfig, Digest.OfSha256(config), config.Length)}},"layers":[{{string.Join(',', Enumerable.Repeat(layer, 500))}}]}""";

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(AddManifest(Encoding.UTF8.GetBytes(manifest))));

        Assert.Contains("500 layers", error.Message);
        Assert.Equal(0, _registry.Count(Digest.OfSha256("layer"u8).Hex));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(200, 0)]
    [InlineData(2, 4096)]
    public void Open_GzipMembers_AreReadAsOne(int members, int zeros)
    {
        using var buffer = new MemoryStream();
        for (var i = 0; i < members; i++)
        {
            using var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true);
            gzip.Write(Encoding.ASCII.GetBytes($"member {i};"));
        }

        buffer.Write(new byte[zeros]);
        var expected = string.Concat(Enumerable.Range(0, members).Select(i => $"member {i};"));

        Assert.Equal(expected, Decompress(buffer.ToArray()));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task PullAsync_CompressedLayerCutOff_IsRefused(string compression)
    {
        var tar = new LayerTar().File("random", Random(100_000)).ToArray();
        var whole = new TestImage().Layer(tar, compression).Finish();
        var cut = whole.Blobs[whole.LayerDigests[0]][..^5000];

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(WithLayer(whole, cut)));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        _node.AssertEmpty();
    }

    [Theory]
    [InlineData("BZh91AY&SY", "bzip2")]
    [InlineData("\u00fd7zXZ\0", "xz")]
    public async Task PullAsync_LayerInAnotherCompression_SaysWhich(string magic, string name)
    {
        var image = WithLayer(TestImage.Small("odd"), [.. Encoding.Latin1.GetBytes(magic), .. new byte[2000]]);

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(image));

        Assert.Contains(name, error.Message);
    }

    private static string ThisPlatform => $$""","platform":{"os":"linux","architecture":"{{Platform.Host.Architecture}}"}""";

    private static string Manifest(TestImage image) => Encoding.UTF8.GetString(image.Blobs[image.ManifestDigest]);

    private static byte[] Random(int count)
    {
        var bytes = new byte[count];
        new Random(3).NextBytes(bytes);
        return bytes;
    }

    private static string Decompress(byte[] blob)
    {
        using var plain = LayerCompression.Open(new MemoryStream(blob), blob.AsSpan(0, Math.Min(blob.Length, LayerCompression.MagicLength)));
        using var content = new MemoryStream();
        plain.CopyTo(content);
        return Encoding.ASCII.GetString(content.ToArray());
    }

    private byte[] Content(string path) => _manifests.GetValueOrDefault(path[(path.LastIndexOf('/') + 1)..]) ?? [];

    private void Add(TestImage image)
    {
        _registry.Add(image, "formats", "v1");
        _manifests[image.ManifestDigest.ToString()] = _manifests["v1"] = image.Blobs[image.ManifestDigest];
    }

    // The same image with one blob in place of its only layer.
    private Digest WithLayer(TestImage image, byte[] blob)
    {
        Add(image);
        var digest = Digest.OfSha256(blob);
        _registry.AddContent($"/v2/formats/blobs/{digest}", blob);
        var (layer, old) = (image.LayerDigests[0], image.Blobs[image.LayerDigests[0]].Length);
        return AddManifest(Encoding.UTF8.GetBytes(Manifest(image).Replace($"\"{layer}\",\"size\":{old}", $"\"{digest}\",\"size\":{blob.Length}")));
    }

    private Digest Index(params string[] entries) => AddManifest(Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', entries)}}]}"""));

    private Digest AddManifest(byte[] content)
    {
        var digest = Digest.OfSha256(content);
        _registry.AddContent($"/v2/formats/manifests/{digest}", content);
        _manifests[digest.ToString()] = content;
        return digest;
    }

    private Task<ImageRecord> PullAsync(TestImage image)
    {
        Add(image);
        return _node.PullAsync($"{_registry.Host}/formats:v1");
    }

    private Task<ImageRecord> PullAsync(TestImage image, string manifest)
    {
        Add(image);
        return PullAsync(AddManifest(Encoding.UTF8.GetBytes(manifest)));
    }

    private Task<ImageRecord> PullAsync(Digest manifest)
    {
        _registry.AddContent("/v2/formats/manifests/v1", _manifests[manifest.ToString()]);
        _manifests["v1"] = _manifests[manifest.ToString()];
        return _node.PullAsync($"{_registry.Host}/formats:v1");
    }
}
