using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>An image made in memory: layers, configuration and manifest, by digest.</summary>
public sealed class TestImage
{
    private readonly List<string> _layers = [];
    private readonly List<string> _diffIds = [];

    public Dictionary<Digest, byte[]> Blobs { get; } = [];

    public string Architecture { get; init; } = Platform.Host.Architecture;

    public string ConfigJson { get; init; } = """{"Env":["A=b"],"Cmd":["/bin/true"],"User":"1000:1000"}""";

    public Digest ConfigDigest { get; private set; } = null!;

    public Digest ManifestDigest { get; private set; } = null!;

    public string Id => ConfigDigest.ToString();

    public IReadOnlyList<Digest> LayerDigests => [.. _layers.Select(layer => JsonDocument.Parse(layer).RootElement.GetProperty("digest").GetString()!).Select(Digest.Parse)];

    /// <summary>A small image whose single layer differs by <paramref name="content"/>.</summary>
    public static TestImage Small(string content) => new TestImage().Layer(new LayerTar().File("hello", content)).Finish();

    public TestImage Layer(LayerTar tar, string compression = "gzip") => Layer(tar.ToArray(), compression);

    public TestImage Layer(byte[] tar, string compression = "gzip", Digest? claimedDiffId = null)
    {
        var blob = Compress(tar, compression);
        var suffix = compression == "none" ? "" : $"+{compression}";
        _layers.Add(Describe($"application/vnd.oci.image.layer.v1.tar{suffix}", Add(blob), blob.Length));
        _diffIds.Add((claimedDiffId ?? Digest.OfSha256(tar)).ToString());
        return this;
    }

    public TestImage Finish()
    {
        var diffIds = string.Join(',', _diffIds.Select(diffId => $"\"{diffId}\""));
        var config = Encoding.UTF8.GetBytes(
            $$"""{"architecture":"{{Architecture}}","os":"linux","config":{{ConfigJson}},"rootfs":{"type":"layers","diff_ids":[{{diffIds}}]} }""");
        ConfigDigest = Add(config);
        var manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Describe(MediaTypes.OciConfig, ConfigDigest, config.Length)}},"layers":[{{string.Join(',', _layers)}}]}""");
        ManifestDigest = Add(manifest);
        return this;
    }

    /// <summary>Writes an OCI layout whose index names this image by <paramref name="tag"/>, for skopeo.</summary>
    public void WriteLayout(string directory, string tag)
    {
        Directory.CreateDirectory(Path.Join(directory, "blobs", "sha256"));
        File.WriteAllText(Path.Join(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        foreach (var (digest, content) in Blobs)
        {
            File.WriteAllBytes(Path.Join(directory, "blobs", "sha256", digest.Hex), content);
        }

        var annotated = Describe(MediaTypes.OciManifest, ManifestDigest, Blobs[ManifestDigest].Length)[..^1]
            + $$""","annotations":{"org.opencontainers.image.ref.name":"{{tag}}"} }""";
        File.WriteAllText(Path.Join(directory, "index.json"), $$"""{"schemaVersion":2,"manifests":[{{annotated}}]}""");
    }

    public static string Describe(string mediaType, Digest digest, long size, string more = "") =>
        $$"""{"mediaType":"{{mediaType}}","digest":"{{digest}}","size":{{size}}{{more}}}""";

    private Digest Add(byte[] content)
    {
        var digest = Digest.OfSha256(content);
        Blobs[digest] = content;
        return digest;
    }

    private static byte[] Compress(byte[] tar, string compression)
    {
        if (compression == "none")
        {
            return tar;
        }

        if (compression == "zstd")
        {
            using var directory = new TemporaryDirectory();
            File.WriteAllBytes(directory.Join("tar"), tar);
            Command.Run("zstd", "-q", directory.Join("tar"));
            return File.ReadAllBytes(directory.Join("tar.zst"));
        }

        // Two members: what a parallel compressor writes.
        using var buffer = new MemoryStream();
        foreach (var half in new[] { tar[..(tar.Length / 2)], tar[(tar.Length / 2)..] })
        {
            using var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true);
            gzip.Write(half);
        }

        return buffer.ToArray();
    }
}
