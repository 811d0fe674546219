using System.Text.Json;
using Cri.ImageService.Tests.Fixtures;
using Cri.ImageService.Transfer.Export;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Transfer;

public sealed class ExportTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ImageNode _node = new();
    private readonly ImageNode _keeping = new(options => options with { KeepBlobs = true });
    private readonly TestImage _image = new TestImage()
        .Layer(new LayerTar().Directory("bin").File("bin/sh", "#!", 0x1ED))
        .Layer(new LayerTar().File("bin/.wh.sh", "").Symlink("l", "bin"), "zstd")
        .Layer(new LayerTar().File("plain", new string('p', 5000)), "none")
        .Finish();

    public void Dispose()
    {
        _keeping.Dispose();
        _node.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Export_KeptLayers_SkopeoCopiesTheSameDigests()
    {
        await _keeping.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        var archive = _directory.Join("export.tar");

        var exported = Assert.Single(await _keeping.Exporter.ExportFileAsync(Options("example.com/app:1"), archive, CancellationToken.None));

        Assert.True(exported.Unchanged);
        Assert.Equal(_image.ManifestDigest.ToString(), exported.Manifest);
        Command.Run("skopeo", "copy", "-q", "--insecure-policy", "--preserve-digests", $"oci-archive:{archive}", $"dir:{_directory.Join("copy")}");
        Assert.Equal(_image.Blobs[_image.ManifestDigest], File.ReadAllBytes(_directory.Join("copy", "manifest.json")));
        foreach (var digest in _image.LayerDigests.Append(_image.ConfigDigest))
        {
            Assert.Equal(_image.Blobs[digest], File.ReadAllBytes(_directory.Join("copy", digest.Hex)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Export_LayersNotKept_SkopeoCopiesTheSameConfiguration(bool compress)
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        var layout = _directory.Join("layout");

        var exported = Assert.Single(
            await _node.Exporter.ExportDirectoryAsync(Options("example.com/app:1") with { Compress = compress }, layout, CancellationToken.None));

        Assert.False(exported.Unchanged);
        Command.Run("skopeo", "copy", "-q", "--insecure-policy", "--preserve-digests", $"oci:{layout}:example.com/app:1", $"dir:{_directory.Join("copy")}");
        var manifest = File.ReadAllBytes(_directory.Join("copy", "manifest.json"));
        Assert.Equal(exported.Manifest, Digest.OfSha256(manifest).ToString());
        var parsed = JsonSerializer.Deserialize(manifest, ImageJson.Default.Manifest)!;
        Assert.Equal(_image.ConfigDigest, parsed.Config.Digest);
        Assert.Equal(_image.Blobs[_image.ConfigDigest], File.ReadAllBytes(_directory.Join("copy", _image.ConfigDigest.Hex)));
        Assert.All(parsed.Layers, layer => Assert.Equal(compress ? MediaTypes.OciLayerGzip : MediaTypes.OciLayer, layer.MediaType));
    }

    [Theory]
    [InlineData(ExportForm.Oci, false)]
    [InlineData(ExportForm.Oci, true)]
    [InlineData(ExportForm.Docker, false)]
    public async Task Export_ThenImport_IsTheSameImage(ExportForm form, bool compress)
    {
        var other = TestImage.Small("other");
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        await _node.ImportAsync(TestArchive.Oci(other, "example.com/other:1").Tar());
        using var archive = new MemoryStream();
        var options = Options("example.com/app:1", other.Id) with { Form = form, Compress = compress };

        await _node.Exporter.ExportAsync(options, archive, CancellationToken.None);
        using var second = new ImageNode();
        var imported = await second.ImportAsync(archive.ToArray());

        Assert.Equal([_image.Id, other.Id], imported.Select(image => image.Record.Id));
        Assert.Equal(["example.com/app:1", "example.com/other:1"], imported.SelectMany(image => image.Names));
        var record = second.Images.Find("example.com/app:1")!;
        Assert.Equal(_node.Images.Find("example.com/app:1")!.DiffIds, record.DiffIds);
        Assert.Equal(new string('p', 5000), File.ReadAllText(Path.Join(second.Tree(record, 2), "plain")));
    }

    [Fact]
    public async Task Export_DockerArchive_SkopeoReadsItByName()
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        var archive = _directory.Join("export.tar");

        await _node.Exporter.ExportFileAsync(Options("example.com/app:1") with { Form = ExportForm.Docker }, archive, CancellationToken.None);

        var config = Command.Run("skopeo", "inspect", "--config", "--raw", $"docker-archive:{archive}:example.com/app:1");
        Assert.Equal(_image.ConfigDigest, Digest.OfSha256(System.Text.Encoding.UTF8.GetBytes(config)));
    }

    [Fact]
    public async Task Export_Twice_IsEqualByteForByte()
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        using var first = new MemoryStream();
        using var second = new MemoryStream();

        await _node.Exporter.ExportAsync(Options(_image.Id), first, CancellationToken.None);
        await _node.Exporter.ExportAsync(Options(_image.Id), second, CancellationToken.None);

        Assert.Equal(first.ToArray(), second.ToArray());
    }

    [Fact]
    public async Task Export_ImageWithTwoNames_GetsTheOneItWasNamedBy()
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        await _node.Images.TagAsync(_image.Id, ImageReference.Parse("example.com/app:2"), CancellationToken.None);

        Assert.Equal(["example.com/app:2"], await NamesAsync("example.com/app:2"));
        Assert.Equal(["example.com/app:1", "example.com/app:2"], await NamesAsync(_image.Id));
    }

    [Fact]
    public async Task Export_NoSuchImage_IsNotFoundAndLeavesNothing()
    {
        var error = await Assert.ThrowsAsync<ImageException>(
            () => _node.Exporter.ExportFileAsync(Options("nothing"), _directory.Join("export.tar"), CancellationToken.None));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public async Task Export_DirectoryWithSomethingInIt_IsRefused()
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        File.WriteAllText(_directory.Join("mine"), "");

        await Assert.ThrowsAsync<ImageException>(() => _node.Exporter.ExportDirectoryAsync(Options(_image.Id), _directory.Path, CancellationToken.None));

        Assert.Equal([_directory.Join("mine")], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public async Task Export_DamagedLayer_IsRefusedAndLeavesNothing()
    {
        var record = Assert.Single(await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar())).Record;
        File.WriteAllText(Path.Join(_node.Tree(record, 2), "plain"), "changed");

        var error = await Assert.ThrowsAsync<ImageException>(
            () => _node.Exporter.ExportFileAsync(Options(_image.Id), _directory.Join("export.tar"), CancellationToken.None));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("plain", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
        Assert.DoesNotContain(_node.Names("images"), name => name.StartsWith('.'));
    }

    private async Task<IEnumerable<string>> NamesAsync(string image)
    {
        using var archive = new MemoryStream();
        await _node.Exporter.ExportAsync(Options(image), archive, CancellationToken.None);
        using var second = new ImageNode();
        return (await second.ImportAsync(archive.ToArray())).SelectMany(imported => imported.Names);
    }

    private static ExportOptions Options(params string[] images) => new() { Images = images };
}
