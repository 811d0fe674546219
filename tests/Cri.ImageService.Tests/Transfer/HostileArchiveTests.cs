using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Transfer;

public sealed class HostileArchiveTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ImageNode _node = new();
    private readonly TestImage _image = TestImage.Small("a");

    public void Dispose()
    {
        _node.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public Task Import_MissingLayer_IsRefused() =>
        AssertRefusedAsync(TestArchive.Oci(_image, "app:1").Without(_image.LayerDigests[0].Hex), $"it has no \"blobs/sha256/{_image.LayerDigests[0].Hex}\"");

    [Fact]
    public Task Import_MissingManifest_IsRefused() =>
        AssertRefusedAsync(TestArchive.Oci(_image, "app:1").Without(_image.ManifestDigest.Hex), "it has no");

    [Fact]
    public Task Import_ManifestOfAnotherDigest_IsRefused() =>
        AssertRefusedAsync(TestArchive.Oci(_image, "app:1").File($"blobs/sha256/{_image.ManifestDigest.Hex}", "{}"), "digest mismatch");

    [Fact]
    public Task Import_LayerOfAnotherDigest_IsRefused()
    {
        var layer = _image.LayerDigests[0];
        var content = (byte[])_image.Blobs[layer].Clone();
        content[^9] ^= 1;
        return AssertRefusedAsync(TestArchive.Oci(_image, "app:1").File($"blobs/sha256/{layer.Hex}", content), "digest mismatch");
    }

    [Fact]
    public Task Import_LayerOfAnotherLength_IsRefused()
    {
        var layer = _image.LayerDigests[0];
        return AssertRefusedAsync(TestArchive.Oci(_image, "app:1").File($"blobs/sha256/{layer.Hex}", _image.Blobs[layer][..^1]), "bytes, the manifest says");
    }

    [Fact]
    public Task Import_LayerOfAnotherDiffId_IsRefused()
    {
        var image = new TestImage().Layer(new LayerTar().File("a", "b").ToArray(), "gzip", Digest.OfSha256([1])).Finish();
        return AssertRefusedAsync(TestArchive.Oci(image, "app:1"), "the image configuration says");
    }

    [Fact]
    public Task Import_SecondImageBroken_LeavesNeither()
    {
        var other = TestImage.Small("b");
        var archive = new TestArchive().Layout().Blobs(_image).Blobs(other)
            .Index(TestArchive.Manifest(_image, "app:1"), TestArchive.Manifest(other, "app:2"))
            .Without(other.LayerDigests[0].Hex);
        return AssertRefusedAsync(archive, "app:2");
    }

    [Fact]
    public Task Import_LinkOutOfTheArchive_IsRefused() =>
        AssertRefusedAsync(TestArchive.Oci(_image, "app:1").Link("blobs/sha256/x", "../../../../etc/passwd"), "leads out of the archive");

    [Fact]
    public Task Import_LinksInACircle_AreRefused() =>
        AssertRefusedAsync(TestArchive.Oci(_image, "app:1").Without("index.json").Link("index.json", "other").Link("other", "index.json"), "neither an OCI layout");

    [Fact]
    public Task Import_ConfigurationUnderAnotherName_IsRefused()
    {
        var image = new TestImage().Layer(new LayerTar().File("a", "b"), "none").Finish();
        var archive = TestArchive.DockerSave((image, "null")).File($"{image.ConfigDigest.Hex}.json", """{"rootfs":{"type":"layers","diff_ids":[]}}""");
        return AssertRefusedAsync(archive, "digest mismatch");
    }

    [Fact]
    public Task Import_DockerSaveWithAnotherNumberOfLayers_IsRefused()
    {
        var image = new TestImage().Layer(new LayerTar().File("a", "b"), "none").Finish();
        var archive = TestArchive.DockerSave((image, "null"))
            .File("manifest.json", $$"""[{"Config":"{{image.ConfigDigest.Hex}}.json","RepoTags":null,"Layers":[]}]""");
        return AssertRefusedAsync(archive, "it has 1 layers, manifest.json 0");
    }

    [Fact]
    public Task Import_ArchiveOfAncientDocker_IsRefusedWithWords() =>
        AssertRefusedAsync(new TestArchive().File("repositories", "{}"), "before 1.10");

    [Fact]
    public Task Import_SomeTar_IsRefused() => AssertRefusedAsync(new TestArchive().File("hello", "world"), "neither an OCI layout");

    [Fact]
    public Task Import_IndexWithoutImages_IsRefused() => AssertRefusedAsync(new TestArchive().Layout().Index(), "it names no image");

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"manifests\":[null]}")]
    [InlineData("[")]
    public Task Import_MalformedIndex_IsRefused(string index) => AssertRefusedAsync(new TestArchive().Layout().File("index.json", index), "index.json");

    [Theory]
    [InlineData("{}")]
    [InlineData("[null]")]
    [InlineData("[{}]")]
    [InlineData("[]")]
    public Task Import_MalformedListOfDocker_IsRefused(string list) => AssertRefusedAsync(new TestArchive().File("manifest.json", list), "manifest.json");

    [Fact]
    public Task Import_EndlessIndex_IsRefused() =>
        AssertRefusedAsync(new TestArchive().Layout().File("index.json", new string(' ', 5 << 20)), "beyond the limit");

    [Fact]
    public async Task Import_CutOffArchive_IsRefused()
    {
        var tar = TestArchive.Oci(_image, "app:1").Tar();
        await AssertRefusedAsync(tar[..(tar.Length / 2)], "");
        var gzip = TestArchive.Oci(_image, "app:1").GzippedTar();
        await AssertRefusedAsync(gzip[..(gzip.Length / 2)], "");
        await AssertRefusedAsync([], "it is empty");
    }

    [Fact]
    public async Task Import_DirectoryWithLinkOutside_DoesNotFollowIt()
    {
        var secret = _directory.Join("secret");
        File.WriteAllBytes(secret, _image.Blobs[_image.LayerDigests[0]]);
        var layout = _directory.Join("layout");
        var hex = _image.LayerDigests[0].Hex;
        TestArchive.Oci(_image, "app:1").Without(hex).Link($"blobs/sha256/{hex}", "../../../secret").WriteTo(layout);

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.ImportAsync(layout));

        Assert.Contains($"it has no \"blobs/sha256/{hex}\"", error.Message);
        _node.AssertEmpty();
    }

    [Fact]
    public async Task Import_NothingAtThePath_IsNotFound()
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => _node.ImportAsync(_directory.Join("nothing")));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task Import_SpecialFile_IsRefusedWithoutWaiting()
    {
        Command.Run("mkfifo", _directory.Join("fifo"));

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.ImportAsync(_directory.Join("fifo")));

        Assert.Contains("neither a file nor a directory", error.Message);
    }

    [Fact]
    public async Task Import_ArchiveBeyondTheLimit_IsRefused()
    {
        using var small = new ImageNode(options => options with { Limits = new Cri.ImageService.Layers.LayerLimits { ImageBytes = 1 << 20 } });
        var archive = TestArchive.Oci(_image, "app:1").File("more", new byte[2 << 20]).GzippedTar();

        var error = await Assert.ThrowsAsync<ImageException>(() => small.ImportAsync(archive));

        Assert.Contains("bytes that an image may have", error.Message);
        small.AssertEmpty();
    }

    [Fact]
    public async Task Import_Cancelled_LeavesNothing()
    {
        using var cancellation = new CancellationTokenSource();
        var archive = new StalledStream(TestArchive.Oci(_image, "app:1").Tar()[..600], cancellation);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _node.Importer.ImportAsync(archive, new Cri.ImageService.Transfer.Import.ImportOptions(), cancellation.Token));

        _node.AssertEmpty();
    }

    private Task AssertRefusedAsync(TestArchive archive, string words) => AssertRefusedAsync(archive.Tar(), words);

    private async Task AssertRefusedAsync(byte[] archive, string words)
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => _node.ImportAsync(archive));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains(words, error.Message);
        _node.AssertEmpty();
    }

    // Gives what it has, and then whoever reads on gives up.
    private sealed class StalledStream(byte[] start, CancellationTokenSource cancellation) : MemoryStream(start)
    {
        public override int Read(Span<byte> buffer)
        {
            var count = base.Read(buffer);
            if (count == 0)
            {
                cancellation.Cancel();
                buffer.Clear();
                return buffer.Length;
            }

            return count;
        }
    }
}
