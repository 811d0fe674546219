using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Transfer;

public sealed class ImportTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ImageNode _node = new();

    public void Dispose()
    {
        _node.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Import_OciDirectory_GivesTheImageWithItsName()
    {
        var image = TestImage.Small("a");
        TestArchive.Oci(image, "example.com/app:1").WriteTo(_directory.Path);

        var imported = Assert.Single(await _node.ImportAsync(_directory.Path));

        Assert.Equal(image.Id, imported.Record.Id);
        Assert.Equal(["example.com/app:1"], imported.Names);
        var record = _node.Images.Find("example.com/app:1")!;
        Assert.Equal([$"example.com/app@{image.ManifestDigest}"], record.RepoDigests);
        Assert.Equal("a", File.ReadAllText(Path.Join(_node.Tree(record), "hello")));
    }

    [Theory]
    [InlineData("tar")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task Import_OciArchive_FromFileAndStream(string form)
    {
        var image = TestImage.Small("a");
        var archive = TestArchive.Oci(image, "example.com/app:1");
        var path = _directory.Join("archive");
        File.WriteAllBytes(path, form == "gzip" ? archive.GzippedTar() : archive.Tar());
        if (form == "zstd")
        {
            Command.Run("zstd", "-q", "--rm", path);
            path += ".zst";
        }

        var fromFile = Assert.Single(await _node.ImportAsync(path));
        await _node.Images.RemoveAsync(image.Id, CancellationToken.None);
        var fromStream = Assert.Single(await _node.ImportAsync(File.ReadAllBytes(path)));

        Assert.Equal(image.Id, fromFile.Record.Id);
        Assert.Equal(image.Id, fromStream.Record.Id);
        Assert.DoesNotContain(_node.Names("images"), name => name.StartsWith('.'));
    }

    [Fact]
    public async Task Import_ContainerdAnnotation_CountsBeforeTheTag()
    {
        var image = TestImage.Small("a");
        var both = TestArchive.Manifest(image, "1.0")[..^1].Replace(
            "\"annotations\":{", "\"annotations\":{\"io.containerd.image.name\":\"example.com/app:1.0\",") + "}";
        var archive = new TestArchive().Layout().Blobs(image).Index(both);

        var imported = Assert.Single(await _node.ImportAsync(archive.Tar()));

        Assert.Equal(["example.com/app:1.0"], imported.Names);
    }

    [Fact]
    public async Task Import_NoName_IsKnownByItsIdAndPrunedAsDangling()
    {
        var image = TestImage.Small("a");

        var imported = Assert.Single(await _node.ImportAsync(TestArchive.Oci(image, "").Tar()));
        _node.Reopen();

        Assert.Empty(imported.Names);
        var record = _node.Images.Find(image.Id)!;
        Assert.Empty(record.RepoTags);
        Assert.Empty(record.RepoDigests);
    }

    [Fact]
    public async Task Import_OneImageUnderTwoNames_IsOneImage()
    {
        var image = TestImage.Small("a");
        var archive = new TestArchive().Layout().Blobs(image)
            .Index(TestArchive.Manifest(image, "example.com/app:1"), TestArchive.Manifest(image, "example.com/app:2"));

        var imported = Assert.Single(await _node.ImportAsync(archive.Tar()));

        Assert.Equal(["example.com/app:1", "example.com/app:2"], imported.Names);
        Assert.Equal(["example.com/app:1", "example.com/app:2"], imported.Record.RepoTags);
    }

    [Fact]
    public async Task Import_VariantsOfOneName_TakesThePlatformAskedFor()
    {
        var (host, other) = (TestImage.Small("host"), new TestImage { Architecture = "s390x" }.Layer(new LayerTar().File("hello", "other")).Finish());
        var archive = new TestArchive().Layout().Blobs(host).Blobs(other).Index(
            TestArchive.Manifest(host, "example.com/app:1", more: $$""","platform":{"os":"linux","architecture":"{{host.Architecture}}"}"""),
            TestArchive.Manifest(other, "example.com/app:1", more: ""","platform":{"os":"linux","architecture":"s390x"}"""));

        Assert.Equal(host.Id, Assert.Single(await _node.ImportAsync(archive.Tar())).Record.Id);
        Assert.Equal(other.Id, Assert.Single(await _node.ImportAsync(archive.Tar(), platform: "linux/s390x")).Record.Id);
        var error = await Assert.ThrowsAsync<ImageException>(() => _node.ImportAsync(archive.Tar(), platform: "linux/riscv64"));
        Assert.Contains("no manifest for linux/riscv64", error.Message);
    }

    [Fact]
    public async Task Import_IndexInTheIndex_IsFollowed()
    {
        var image = TestImage.Small("a");
        var index = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{TestArchive.Manifest(image, "", more: $$""","platform":{"os":"linux","architecture":"{{image.Architecture}}"}""")}}]}""";
        var digest = Digest.OfSha256(System.Text.Encoding.UTF8.GetBytes(index));
        var archive = new TestArchive().Layout().Blobs(image).File($"blobs/sha256/{digest.Hex}", index)
            .Index(TestImage.Describe(MediaTypes.OciIndex, digest, index.Length));

        var imported = Assert.Single(await _node.ImportAsync(archive.Tar(), name: "example.com/app"));

        Assert.Equal(image.Id, imported.Record.Id);
        Assert.Equal([$"example.com/app@{digest}"], imported.Record.RepoDigests);
    }

    [Fact]
    public async Task Import_DockerSave_SeveralImagesWithTheirTags()
    {
        var (first, second) = (Plain("1"), Plain("2"));
        var archive = TestArchive.DockerSave((first, """["app:1","example.com/app:one"]"""), (second, "null"));

        var imported = await _node.ImportAsync(archive.Tar());

        Assert.Equal([first.Id, second.Id], imported.Select(image => image.Record.Id));
        Assert.Equal(["docker.io/library/app:1", "example.com/app:one"], imported[0].Names);
        Assert.Empty(imported[1].Names);
        Assert.Equal("2", File.ReadAllText(Path.Join(_node.Tree(imported[1].Record), "hello")));
    }

    [Fact]
    public async Task Import_DockerSaveWithLinkedAndCompressedLayers_IsTheSameImage()
    {
        var shared = new LayerTar().File("hello", "shared").ToArray();
        var image = new TestImage().Layer(shared, "none").Layer(shared, "none").Layer(new LayerTar().File("more", "m")).Finish();
        var hex = image.LayerDigests[0].Hex;
        var archive = TestArchive.DockerSave((image, """["app:1"]"""));
        var manifest = $$"""[{"Config":"{{image.ConfigDigest.Hex}}.json","RepoTags":["app:1"],"Layers":["{{hex}}/layer.tar","link/layer.tar","{{image.LayerDigests[2].Hex}}/layer.tar"]}]""";
        archive.Link("link/layer.tar", $"../{hex}/layer.tar").File("manifest.json", manifest);

        var imported = Assert.Single(await _node.ImportAsync(archive.GzippedTar()));

        Assert.Equal(image.Id, imported.Record.Id);
        Assert.Equal(3, imported.Record.DiffIds.Count);
    }

    [Fact]
    public async Task Import_Again_ChangesNothingButAddsTheName()
    {
        var image = TestImage.Small("a");
        await _node.ImportAsync(TestArchive.Oci(image, "example.com/app:1").Tar());

        await _node.ImportAsync(TestArchive.Oci(image, "example.com/app:2").Tar());

        Assert.Equal(["example.com/app:1", "example.com/app:2"], Assert.Single(_node.Images.Images).RepoTags);
        Assert.Single(_node.Names("layers"));
    }

    private static TestImage Plain(string content) => new TestImage().Layer(new LayerTar().File("hello", content), "none").Finish();
}
