using System.Text;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Artifacts: what registries hold beside images, to be mounted as volumes.</summary>
public sealed class ArtifactTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();

    public void Dispose()
    {
        _node.Dispose();
        _registry.Dispose();
    }

    [Fact]
    public async Task PullAsync_Artifact_ShowsItsFilesByTitle()
    {
        var artifact = new TestArtifact().File("weights.bin", "42").File("sub/dir/readme", "read me").File(null, "no title").File("copy", "42");

        var record = await PullAsync(artifact);

        Assert.Equal(artifact.Digest.ToString(), record.Id);
        Assert.Equal([$"{_registry.Host}/artifact:v1"], record.RepoTags);
        Assert.Equal([$"{_registry.Host}/artifact@{artifact.Digest}"], record.RepoDigests);
        using var volume = await MountAsync("one", record);
        Assert.Equal("42", File.ReadAllText(volume.Join("weights.bin")));
        Assert.Equal("42", File.ReadAllText(volume.Join("copy")));
        Assert.Equal("read me", File.ReadAllText(volume.Join("sub/dir/readme")));
        Assert.Equal("no title", File.ReadAllText(volume.Join(Digest.OfSha256("no title"u8).Hex)));
        Assert.Equal(4, Directory.EnumerateFiles(volume.Path, "*", SearchOption.AllDirectories).Count());
        Assert.Equal((0x124, 0u), (FileStatus.Of(volume.Join("weights.bin"))!.Permissions, FileStatus.Of(volume.Join("weights.bin"))!.UserId));
        Assert.Throws<IOException>(() => File.WriteAllText(volume.Join("new"), "x"));
        Assert.ThrowsAny<Exception>(() => File.AppendAllText(volume.Join("weights.bin"), "x"));
    }

    [Fact]
    public async Task PullAsync_TwoArtifactsWithTheEmptyConfiguration_AreTwo()
    {
        var one = await PullAsync(new TestArtifact().File("a", "1"), "one");
        var two = await PullAsync(new TestArtifact().File("a", "2"), "two");

        Assert.NotEqual(one.Id, two.Id);
        Assert.Equal(2, _node.Images.Images.Count);
    }

    [Fact]
    public async Task PullAsync_ArtifactWithNothing_IsAnEmptyVolume()
    {
        var record = await PullAsync(new TestArtifact().Raw(MediaTypes.OciEmpty, "{}"u8.ToArray(), null));

        using var volume = await MountAsync("empty", record);
        Assert.Empty(Directory.EnumerateFileSystemEntries(volume.Path));
    }

    [Fact]
    public async Task PullAsync_TarLayerOfAnArtifact_IsAFile()
    {
        var tar = new LayerTar().File("inside", "x").ToArray();

        var record = await PullAsync(new TestArtifact().Raw(MediaTypes.OciLayer, tar, "data.tar"));

        using var volume = await MountAsync("tar", record);
        Assert.Equal(tar, File.ReadAllBytes(volume.Join("data.tar")));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a\\u0000b")]
    public async Task PullAsync_HostileTitle_IsRefusedByName(string title)
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(new TestArtifact().File(title, "x")));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains(title.Replace("\\u0000", "\0"), error.Message);
        _node.AssertEmpty();
    }

    [Theory]
    [InlineData("same", "same")]
    [InlineData("same", "./same")]
    [InlineData("dir", "dir/file")]
    [InlineData("dir/deep/file", "dir")]
    public async Task PullAsync_TitlesThatExcludeEachOther_AreRefused(string first, string second)
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(new TestArtifact().File(first, "1").File(second, "2")));

        Assert.Contains("title of two layers", error.Message);
        _node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_TitleLongerThanAName_IsRefused()
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(new TestArtifact().File(new string('n', 256), "x")));

        Assert.Contains("no name for a file", error.Message);
    }

    [Fact]
    public async Task PullAsync_BlobWithOtherContent_LeavesNothing()
    {
        var artifact = new TestArtifact().File("good", "good").File("bad", "bad");
        artifact.AddTo(_registry, "artifact");
        _registry.AddContent($"/v2/artifact/blobs/{Digest.OfSha256("bad"u8)}", "lie"u8.ToArray());

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.PullAsync($"{_registry.Host}/artifact:v1"));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("digest mismatch", error.Message);
        _node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_Again_AsksForTheNameOnly()
    {
        await PullAsync(new TestArtifact().File("a", "1"));
        var asked = _registry.Count("/blobs/");

        await _node.PullAsync($"{_registry.Host}/artifact:v1");

        Assert.Equal(asked, _registry.Count("/blobs/"));
    }

    [Fact]
    public async Task RemoveAsync_MountedArtifact_LeavesTheVolumeWholeAndNothingElse()
    {
        var record = await PullAsync(new TestArtifact().File("a", "content"));
        using var volume = await MountAsync("mounted", record);

        await _node.Images.RemoveAsync(record.Id, CancellationToken.None);

        Assert.Equal("content", File.ReadAllText(volume.Join("a")));
        _node.AssertEmpty();
    }

    [Fact]
    public async Task RemoveAsync_ArtifactThatSharesABlob_KeepsTheBlob()
    {
        var one = await PullAsync(new TestArtifact().File("a", "shared").File("b", "1"), "one");
        var two = await PullAsync(new TestArtifact().File("c", "shared").File("d", "2"), "two");

        await _node.Images.RemoveAsync(one.Id, CancellationToken.None);

        using var volume = await MountAsync("two", two);
        Assert.Equal("shared", File.ReadAllText(volume.Join("c")));
    }

    [Fact]
    public async Task Reopen_Artifact_IsThere()
    {
        var pulled = await PullAsync(new TestArtifact().File("sub/a", "content"));

        _node.Reopen();

        var record = _node.Images.Find(pulled.Id)!;
        Assert.Equal(pulled.Files, record.Files);
        Assert.Equal(pulled.RepoTags, record.RepoTags);
        using var volume = await MountAsync("again", record);
        Assert.Equal("content", File.ReadAllText(volume.Join("sub/a")));
    }

    [Fact]
    public async Task Reopen_ArtifactWithACutFile_IsDroppedAndPulledAgain()
    {
        var artifact = new TestArtifact().File("a", "content");
        var record = await PullAsync(artifact);
        File.WriteAllText(Path.Join(_node.Root, "blobs", "sha256", record.Files![0].Digest.Hex), "cut");

        _node.Reopen();

        Assert.Null(_node.Images.Find(record.Id));
        Assert.Contains(_node.Images.Problems, problem => problem.Contains("\"a\" is missing or cut off"));
        using var volume = await MountAsync("repaired", await PullAsync(artifact));
        Assert.Equal("content", File.ReadAllText(volume.Join("a")));
    }

    private async Task<ImageRecord> PullAsync(TestArtifact artifact, string repository = "artifact")
    {
        artifact.AddTo(_registry, repository);
        return await _node.PullAsync($"{_registry.Host}/{repository}:v1");
    }

    private async Task<Volume> MountAsync(string container, ImageRecord record) =>
        new(await _node.Snapshotter.PrepareViewAsync(container, 0, record, null, CancellationToken.None));

    private sealed class Volume : IDisposable
    {
        private readonly TemporaryDirectory _directory = new();

        internal Volume(Cri.ImageService.Snapshots.SnapshotMount mount) => Mount.Make(mount.Type, mount.Source, _directory.Path, mount.Options);

        internal string Path => _directory.Path;

        internal string Join(string path) => _directory.Join(path);

        public void Dispose()
        {
            Mount.UnmountAll(_directory.Path);
            _directory.Dispose();
        }
    }
}
