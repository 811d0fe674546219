using Cri.Api.V1;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Oci.Images;
using Mount = Cri.Linux.Mount;

namespace Cri.ImageService.Tests.Removal;

/// <summary>Space that is freed in the background, and what the next start finds of it.</summary>
public sealed class BackgroundRemovalTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task RemoveImage_FileThatCannotBeRemoved_CountsUntilALaterStartRemovesIt()
    {
        var image = await PullAsync(new TestImage().Layer(new LayerTar().Directory("d/").File("d/stuck", new byte[100_000]).File("free", "1")));
        var before = await UsageAsync();
        var stuck = new FileInfo(Path.Join(_node.Tree(image), "d/stuck"));
        Command.Run("chattr", "+i", stuck.FullName);

        Assert.True(await _node.Images.RemoveAsync(image.Id, CancellationToken.None));

        var left = Path.Join(_node.Root, "layers", Assert.Single(_node.Names("layers")));
        try
        {
            Assert.StartsWith(".del-", Path.GetFileName(left));
            Assert.Contains(_node.Told, text => text.Contains(left) && text.Contains("cannot be removed yet"));
            var during = await UsageAsync();
            Assert.InRange(during.InodesUsed.Value, 1u, before.InodesUsed.Value);
            Assert.InRange(during.UsedBytes.Value, 1u, before.UsedBytes.Value);
        }
        finally
        {
            _node.Reopen(() => Command.Run("chattr", "-R", "-i", left));
        }

        await _node.Snapshotter.SweepAsync([]);

        Assert.Empty(_node.Names("layers"));
        Assert.Contains(_node.Told, text => text.StartsWith("swept what an earlier run left: 1 interrupted removals; "));
    }

    [Fact]
    public async Task RemoveImage_AnotherIsOnlyForANewerVersionToRead_KeepsEveryLayer()
    {
        var shared = new LayerTar().File("shared", "1").ToArray();
        var later = await PullAsync(new TestImage().Layer(shared).Layer(new LayerTar().File("later", "1")).Finish());
        var ours = await PullAsync(new TestImage().Layer(shared).Layer(new LayerTar().File("ours", "1")).Finish());
        var record = Path.Join(_node.Root, "images", Digest.Parse(later.Id).Hex + ".json");
        var written = File.ReadAllText(record);
        _node.Reopen(() => File.WriteAllText(record, "{\"version\":1000," + written[1..]));

        Assert.True(await _node.Images.RemoveAsync(ours.Id, CancellationToken.None));

        Assert.Equal(3, _node.Names("layers").Count);
        _node.Reopen(() => File.WriteAllText(record, written));
        Assert.NotNull(_node.Images.Find(later.Id));
        Assert.Equal(2, _node.Names("layers").Count);
    }

    [Fact]
    public async Task Open_MuchIsLeft_IsRemovedInTheBackgroundAndCountedMeanwhile()
    {
        await PullAsync(TestImage.Small("kept"));
        var doomed = Path.Join(_node.Root, "layers", ".del-123", "fs");
        _node.Reopen(() =>
        {
            Directory.CreateDirectory(doomed);
            File.WriteAllBytes(Path.Join(doomed, "stuck"), new byte[50_000]);
            Command.Run("chattr", "+i", Path.Join(doomed, "stuck"));
        });
        try
        {
            Assert.Equal(2, _node.Names("layers").Count);
            Assert.True(_node.Layers.Usage.Bytes >= 50_000 + _node.Layers.All.Single().Usage.Bytes);
        }
        finally
        {
            Command.Run("chattr", "-i", Path.Join(doomed, "stuck"));
        }

        _node.Reopen();
        Assert.Single(_node.Names("layers"));
        Assert.Equal(_node.Layers.All.Single().Usage, _node.Layers.Usage);
    }

    [Fact]
    public async Task Open_WhatNobodyMade_StaysAndIsTold()
    {
        await PullAsync(TestImage.Small("strangers"));
        string[] strangers = ["layers/lost+found", "layers/notes.txt", "images/readme", "blobs/sha256/notes", "containers/lost+found", "containers/.hidden"];
        _node.Reopen(() =>
        {
            foreach (var path in strangers.Select(name => Path.Join(_node.Root, name)))
            {
                _ = path.EndsWith("found", StringComparison.Ordinal) ? Directory.CreateDirectory(path) : (object)File.Create(path, 1, FileOptions.None);
            }
        });

        await _node.Snapshotter.SweepAsync([]);

        Assert.All(strangers, name => Assert.True(Path.Exists(Path.Join(_node.Root, name)), name));
        var told = Assert.Single(_node.Told, text => text.StartsWith("not made by this server"));
        Assert.All(strangers, name => Assert.Contains(name, told));
        Assert.Single(_node.Images.Images);
    }

    [Fact]
    public async Task Open_OrphansOfEveryKind_AreToldInOneLine()
    {
        var image = await PullAsync(TestImage.Small("orphans"));
        await _node.Snapshotter.PrepareAsync("c1", image, CancellationToken.None);
        await _node.Images.RemoveAsync(image.Id, CancellationToken.None);
        _node.Reopen(() =>
        {
            Directory.CreateDirectory(Path.Join(_node.Root, "layers", ".tmp-1", "fs"));
            Directory.CreateDirectory(Path.Join(_node.Root, "layers", "abcdefg"));
            File.WriteAllText(Path.Join(_node.Root, "images", ".tmp-2"), "");
            File.WriteAllText(Path.Join(_node.Root, "blobs", "sha256", new string('a', 64)), "orphan");
            _node.Told.Clear();
        });

        await _node.Snapshotter.SweepAsync([]);

        Assert.Empty(_node.Names("layers"));
        Assert.Empty(_node.Names("containers"));
        var told = Assert.Single(_node.Told, text => text.StartsWith("swept what an earlier run left: "));
        Assert.Contains(
            "1 directories without a layer, 1 documents that no image names, 1 unfinished layers, 1 unfinished records, "
            + "1 writable layers of unknown containers; ",
            told);
    }

    [Fact]
    public async Task RemoveAsync_SomethingIsMountedInside_GoesNevertheless()
    {
        var image = await PullAsync(TestImage.Small("mounted"));
        await _node.Snapshotter.PrepareAsync("c1", image, CancellationToken.None);
        using var outside = new TemporaryDirectory();
        File.WriteAllText(outside.Join("precious"), "1");
        var scratch = Path.Join(_node.Snapshotter.UpperPath("c1"), "mounted");
        Directory.CreateDirectory(scratch);
        Mount.Bind(outside.Path, scratch);

        // Somebody is in it, so that it is busy.
        using (File.OpenRead(Path.Join(scratch, "precious")))
        {
            await _node.Snapshotter.RemoveAsync("c1");

            Assert.Empty(_node.Names("containers"));
        }

        Assert.True(File.Exists(outside.Join("precious")));
        Assert.Empty(MountTable.Below(_node.Root));
    }

    [Fact]
    public async Task RemoveAsync_ContainerStillMountedElsewhere_LeavesNothing()
    {
        var image = await PullAsync(TestImage.Small("busy"));
        var mount = await _node.Snapshotter.PrepareAsync("c1", image, CancellationToken.None);
        using var target = new TemporaryDirectory();
        Mount.Make(mount.Type, mount.Source, target.Path, mount.Options);
        try
        {
            using var open = File.Create(target.Join("open"));

            await _node.Snapshotter.RemoveAsync("c1");

            Assert.Empty(_node.Names("containers"));
        }
        finally
        {
            Mount.UnmountAll(target.Path);
        }

        await _node.Snapshotter.PrepareAsync("c1", image, CancellationToken.None);
        Assert.Equal(["c1"], _node.Snapshotter.Containers);
    }

    [Fact]
    public async Task Dispose_RemovalUnderWay_NextStartResumes()
    {
        var files = new LayerTar();
        for (var i = 0; i < 3000; i++)
        {
            files.File($"f{i}");
        }

        var image = await PullAsync(new TestImage().Layer(files));
        await _node.Images.RemoveAsync(image.Id, CancellationToken.None);

        _node.Reopen();

        _node.AssertEmpty();
        Assert.Equal(0, _node.Layers.Usage.Bytes);
    }

    private async Task<FilesystemUsage> UsageAsync() =>
        (await _node.Server.ImageFsInfo(new ImageFsInfoRequest(), new TestCallContext())).ImageFilesystems[0];

    private Task<ImageRecord> PullAsync(TestImage image)
    {
        _registry.Add(image.ManifestDigest is null ? image.Finish() : image, "app", "v1");
        return _node.PullAsync($"{_registry.Host}/app:v1");
    }
}
