using System.Text;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>An artifact made in memory, with the empty configuration that most artifacts have.</summary>
public sealed class TestArtifact
{
    private readonly List<string> _layers = [];
    private readonly Dictionary<Digest, byte[]> _blobs = [];

    public string Type { get; init; } = "application/vnd.example.model.v1";

    public Digest Digest => Digest.OfSha256(Manifest());

    public TestArtifact File(string? title, string content) => Raw("application/octet-stream", Encoding.UTF8.GetBytes(content), title);

    public TestArtifact Raw(string mediaType, byte[] content, string? title)
    {
        var annotations = title is null ? "" : $$""","annotations":{"org.opencontainers.image.title":"{{title}}"} """;
        _layers.Add(TestImage.Describe(mediaType, Add(content), content.Length, annotations));
        return this;
    }

    public void AddTo(ScriptedRegistry registry, string repository)
    {
        var manifest = Manifest();
        foreach (var (digest, content) in _blobs)
        {
            registry.AddContent($"/v2/{repository}/blobs/{digest}", content);
        }

        registry.AddContent($"/v2/{repository}/manifests/v1", manifest);
        registry.AddContent($"/v2/{repository}/manifests/{Digest}", manifest);
    }

    private byte[] Manifest() => Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","artifactType":"{{Type}}","config":{{TestImage.Describe(MediaTypes.OciEmpty, Add("{}"u8.ToArray()), 2)}},"layers":[{{string.Join(',', _layers)}}]}""");

    private Digest Add(byte[] content)
    {
        var digest = Digest.OfSha256(content);
        _blobs[digest] = content;
        return digest;
    }
}
