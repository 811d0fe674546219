using Cri.ImageService.Snapshots;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Grpc.Core;

namespace Cri.ImageService.Tests.Snapshots;

public sealed class SnapshotterTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task PrepareAsync_WhiteoutsAndOpaqueDirectories_HideLowerLayers()
    {
        var record = await PullAsync(new TestImage()
            .Layer(new LayerTar().Directory("dir/").File("dir/gone", "1").File("dir/kept", "1").Directory("opaque/").File("opaque/old", "1"))
            .Layer(new LayerTar().Directory("dir/").File("dir/.wh.gone").Directory("opaque/").File("opaque/.wh..wh..opq").File("opaque/new", "2")));
        var mount = await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);

        using var root = Mounted.Mount(mount);

        Assert.Equal(["kept"], Directory.EnumerateFileSystemEntries(root.Join("dir")).Select(Path.GetFileName));
        Assert.Equal(["new"], Directory.EnumerateFileSystemEntries(root.Join("opaque")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task PrepareAsync_ContainerWrites_LayersStayAndUsageCounts()
    {
        var record = await PullAsync(new TestImage().Layer(new LayerTar().Directory("./", 0x1C0, 7, 8).File("file", "image")));
        var mount = await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);
        using (var root = Mounted.Mount(mount))
        {
            var status = FileStatus.Of(root.Join("."))!;
            Assert.Equal((0x1C0, 7u, 8u), (status.Permissions, status.UserId, status.GroupId));
            File.WriteAllText(root.Join("file"), "container");
            File.WriteAllBytes(root.Join("big"), new byte[1 << 20]);
            Command.Run("sync", "-f", root.Join("big"));
        }

        var usage = _node.Snapshotter.Usage("c1")!;

        Assert.Equal("image", File.ReadAllText(Path.Join(_node.Tree(record), "file")));
        Assert.Equal(3, usage.Inodes);
        Assert.InRange(usage.Bytes, 1 << 20, (1 << 20) + 65536);
        Assert.Contains("volatile", mount.Options);
    }

    [Fact]
    public async Task PrepareAsync_DirectoriesNotListedByUpperLayers_KeepTheirModes()
    {
        var record = await PullAsync(new TestImage()
            .Layer(new LayerTar().Directory("./", 0x1C9).Directory("tmp/", 0x3FF).Directory("root/", 0x1C0, 3, 4).Directory("gone/", 0x1C0).Directory("plain/"))
            .Layer(new LayerTar().File("tmp/one", "1").File(".wh.gone"))
            .Layer(new LayerTar().File("root/.config/deep/file", "1").File("gone/new", "1").File("plain/x", "1")));
        var mount = await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);

        using var root = Mounted.Mount(mount);

        Assert.Equal(0x1C9, FileStatus.Of(root.Join("."))!.Permissions);
        Assert.Equal(0x3FF, FileStatus.Of(root.Join("tmp"))!.Permissions);
        var home = FileStatus.Of(root.Join("root"))!;
        Assert.Equal((0x1C0, 3u, 4u), (home.Permissions, home.UserId, home.GroupId));
        Assert.Equal(0x1ED, FileStatus.Of(root.Join("gone"))!.Permissions);
        Assert.True(File.Exists(root.Join("root/.config/deep/file")));
        Assert.True(File.Exists(root.Join("tmp/one")));
        Assert.Equal(["plain", "root", "tmp"], Directory.EnumerateDirectories(_node.Snapshotter.UpperPath("c1")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task PrepareAsync_ImageOfManyLayers_Mounts()
    {
        var image = new TestImage();
        for (var i = 0; i < 120; i++)
        {
            image.Layer(new LayerTar().File($"f{i}", $"{i}"));
        }

        var record = await PullAsync(image);
        var mount = await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);

        // With the root where the server has it, all options fit the one page that mount(2) takes.
        var options = string.Join(',', mount.Options).Replace(_node.Root, "/var/lib/crisp");
        Assert.InRange(options.Length, 120 * 10, 4095 + 100);
        using var root = Mounted.MountRelative(mount, Path.Join(_node.Root, "layers"));
        Assert.Equal(120, Directory.EnumerateFiles(root.Join("")).Count());
    }

    [Fact]
    public async Task PrepareAsync_ImageWithoutLayers_IsABindMount()
    {
        var record = await PullAsync(new TestImage());

        var mount = await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);

        Assert.Equal("bind", mount.Type);
        Assert.Equal(_node.Snapshotter.UpperPath("c1"), mount.Source);
    }

    [Fact]
    public async Task PrepareAsync_WithIdsButNoMappedLayers_IsACopyWithOtherOwners()
    {
        var record = await PullAsync(new TestImage()
            .Layer(new LayerTar().Directory("./").Directory("bin/").File("bin/su", "suid", 0x9ED).File("own", "1", 0x1A4, 7, 8).Symlink("link", "own"))
            .Layer(new LayerTar().File("bin/other", "2")));
        var ids = new SnapshotIds(new IdMap(new IdMapping(0, 100000, 65536), new IdMapping(0, 200000, 65536)), null);

        var mount = await _node.Snapshotter.PrepareAsync("c1", record, ids, CancellationToken.None);

        using var root = Mounted.Mount(mount);
        Assert.Equal((100007u, 200008u), OwnerOf(root.Join("own")));
        Assert.All(["", "bin", "bin/su", "bin/other", "link"], name => Assert.Equal((100000u, 200000u), OwnerOf(root.Join(name))));
        Assert.Equal(0x9ED, FileStatus.Of(root.Join("bin/su"))!.Permissions);
        Assert.Equal((7u, 8u), OwnerOf(_node.Tree(record) + "/own"));
    }

    [Fact]
    public async Task PrepareViewAsync_OfAnImage_ShowsItReadonlyAndGoesWithTheContainer()
    {
        var record = await PullAsync(new TestImage().Layer(new LayerTar().File("one", "1")).Layer(new LayerTar().File(".wh.one").File("two", "2")));
        await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);

        var mount = await _node.Snapshotter.PrepareViewAsync("c1", 3, record, null, CancellationToken.None);

        using (var root = Mounted.Mount(mount))
        {
            Assert.Equal(["two"], Directory.EnumerateFileSystemEntries(root.Join("")).Select(Path.GetFileName));
            Assert.Throws<IOException>(() => File.WriteAllText(root.Join("new"), "x"));
        }

        Assert.Equal(["c1"], _node.Snapshotter.Containers);
        await _node.Snapshotter.RemoveAsync("c1");
        Assert.Empty(_node.Names("containers"));
    }

    [Fact]
    public async Task SweepAsync_ViewOfAKnownContainer_Stays()
    {
        var record = await PullAsync(TestImage.Small("view"));
        await _node.Snapshotter.PrepareViewAsync("c1", 0, record, null, CancellationToken.None);
        await _node.Snapshotter.PrepareViewAsync("c2", 0, record, null, CancellationToken.None);

        Assert.Equal(["c2"], await _node.Snapshotter.SweepAsync(["c1"]));

        Assert.Single(_node.Names("containers"));
    }

    private static (uint User, uint Group) OwnerOf(string path)
    {
        var status = FileStatus.Of(path)!;
        return (status.UserId, status.GroupId);
    }

    [Fact]
    public async Task PrepareAsync_Twice_IsAlreadyExists()
    {
        var record = await PullAsync(TestImage.Small("twice"));
        await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None));

        Assert.Equal(StatusCode.AlreadyExists, error.StatusCode);
    }

    [Theory]
    [InlineData("../up")]
    [InlineData("")]
    [InlineData(".tmp-1")]
    [InlineData("a/b")]
    public async Task PrepareAsync_BadId_IsInvalidArgument(string id)
    {
        var record = await PullAsync(TestImage.Small("bad id"));

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.Snapshotter.PrepareAsync(id, record, CancellationToken.None));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task RemoveAsync_ImageRemovedBefore_LayersGoWithTheContainer()
    {
        var record = await PullAsync(TestImage.Small("outlived"));
        await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);
        await _node.Images.RemoveAsync(record.Id, CancellationToken.None);
        Assert.Single(_node.Names("layers"));
        _node.Reopen();
        Assert.Single(_node.Names("layers"));

        await _node.Snapshotter.RemoveAsync("c1");
        await _node.Snapshotter.RemoveAsync("c1");

        Assert.Empty(_node.Names("layers"));
        Assert.Empty(_node.Names("containers"));
        Assert.Null(_node.Snapshotter.Usage("c1"));
    }

    [Fact]
    public async Task PrepareAsync_ImageIsGone_IsNotFound()
    {
        var record = await PullAsync(TestImage.Small("gone"));
        await _node.Images.RemoveAsync(record.Id, CancellationToken.None);

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Empty(_node.Names("containers"));
    }

    [Fact]
    public async Task SweepAsync_UnknownContainers_AreRemoved()
    {
        var record = await PullAsync(TestImage.Small("swept"));
        await _node.Snapshotter.PrepareAsync("known", record, CancellationToken.None);
        await _node.Snapshotter.PrepareAsync("unknown", record, CancellationToken.None);
        _node.Reopen();

        Assert.Equal(["unknown"], await _node.Snapshotter.SweepAsync(["known"]));

        Assert.Equal(["known"], _node.Names("containers"));
    }

    private Task<ImageRecord> PullAsync(TestImage image)
    {
        if (image.ManifestDigest is null)
        {
            image.Finish();
        }

        _registry.Add(image, "app", "v1");
        return _node.PullAsync($"{_registry.Host}/app:v1");
    }

    private sealed class Mounted : IDisposable
    {
        private readonly TemporaryDirectory _directory = new();

        public static Mounted Mount(SnapshotMount mount) => Mount(mount, "/");

        // mount(2) takes one page of options; a long stack fits when it is told relative to the working directory.
        public static Mounted MountRelative(SnapshotMount mount, string directory) =>
            Mount(mount with { Options = [.. mount.Options.Select(option => option.Replace($"{directory}/", ""))] }, directory);

        public string Join(string name) => _directory.Join(name);

        public void Dispose()
        {
            Cri.Linux.Mount.UnmountAll(_directory.Path);
            _directory.Dispose();
        }

        private static Mounted Mount(SnapshotMount mount, string directory)
        {
            var mounted = new Mounted();
            Command.Run("env", "-C", directory, "mount", "-i", "-t", mount.Type, "-o", string.Join(',', mount.Options), mount.Source, mounted._directory.Path);
            return mounted;
        }
    }
}
