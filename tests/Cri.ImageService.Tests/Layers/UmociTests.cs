using System.Security.Cryptography;
using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.ImageService.Transfer.Export;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Layers;

/// <summary>
/// The tree that a container sees, against the one that umoci unpacks from the same image: kinds, modes, owners, times,
/// attributes, links and content of every entry. Where umoci stands alone, a test says so in its name or words:
/// <list type="bullet">
/// <item>It knows no contiguous files ('7'), no sparse files of the old GNU format ('S') and no global headers ('g'), and
/// refuses images that have them.</item>
/// <item>It refuses a layer whose directory, without being listed, takes the place of a file of a lower layer.</item>
/// <item>It follows a symbolic link of a lower layer where an upper layer has a directory that its archive does not list;
/// overlay, and so every runtime with one, shows the directory instead.</item>
/// <item>A directory that no layer lists has no time of its own: the listing says "unsaid".</item>
/// <item>Of a directory that a whiteout comes after in the same layer, it forgets the time.</item>
/// <item>It makes no directories for the whiteouts in them, since it knows the layers below; overlay needs them.</item>
/// <item>It reads libarchive's attributes only in Schilling's form, which bsdtar writes beside its own.</item>
/// </list>
/// </summary>
public sealed class UmociTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Tree_MetadataOfEveryKind_EqualsUmocis() => await CompareAsync(new LayerTar()
        .Directory("./")
        .Directory("etc/", 0x1C0, 10, 20).File("etc/passwd", "root:x:0:0\n", 0x1A4).File("etc/shadow", "secret", 0x180, 0, 42)
        .Directory("bin/", 0x1ED).File("bin/su", "elf", 0x9ED).File("bin/wall", "elf", 0x5ED, 0, 5).Directory("tmp/", 0x3FF)
        .Symlink("lib", "usr/lib").Symlink("absolute", "/etc/passwd").Symlink("dangling", "no/where").Directory("usr/").Directory("usr/lib/")
        .HardLink("etc/again", "etc/passwd").HardLink("bin/third", "etc/again").HardLink("link-to-link", "dangling")
        .Fifo("tmp/fifo").Directory("dev/").CharacterDevice("dev/null", 1, 3).CharacterDevice("dev/high", 259, 70000)
        .File("attributed", "x", xattrs: new() { ["user.note"] = "kept", ["trusted.note"] = "kept too" })
        .File("empty").File("spaces and ünïcødé", "x").File("new\nline", "x").File("-dash", "x").File("back\\slash:colon,comma", "x"));

    [Fact]
    public async Task Tree_NamesThatAreNotUtf8_EqualUmocis() => await CompareAsync(
        [.. RawTar.Entry("caf\u00e9", '0', "latin"), .. RawTar.Entry("dir\u00ff/", '5', ""), .. RawTar.Entry("dir\u00ff/\u0001\u007f", '0', "x"), .. RawTar.End]);

    [Fact]
    public async Task Tree_FileCapability_EqualsUmocis() => await CompareAsync([
        .. RawTar.Pax(RawTar.PaxRecord("SCHILY.xattr.security.capability", [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        .. RawTar.Header("ping", '0', (100, "0004755\0"), (108, "0000017\0")), .. RawTar.End]);

    [Fact]
    public async Task Tree_Times_EqualUmocis() => await CompareAsync([
        .. Pax(("mtime", "1234567890.123456789")), .. RawTar.Entry("fraction", '0', "x"),
        .. Pax(("mtime", "-86400")), .. RawTar.Entry("before-1970", '0', "x"),
        .. Pax(("mtime", "99.5")), .. RawTar.Entry("dir/", '5', ""),
        .. RawTar.Entry("dir/later", '0', "changes the directory"),
        .. Pax(("mtime", "77.25")), .. RawTar.Header("link", '2', (157, "fraction")),
        .. RawTar.End]);

    [Fact]
    public async Task Tree_LongAndLargeFields_EqualUmocis() => await CompareAsync([
        .. RawTar.Entry("././@LongLink", 'L', new string('n', 180) + "\0"), .. RawTar.Entry("cut", '0', "gnu"),
        .. RawTar.Entry("././@LongLink", 'K', new string('t', 300) + "\0"), .. RawTar.Entry("long-target", '2', ""),
        .. Pax(("path", string.Join('/', Enumerable.Repeat(new string('d', 60), 8)))), .. RawTar.Entry("cut", '0', "pax"),
        .. Pax(("uid", "3000000000"), ("gid", "2500000")), .. RawTar.Entry("far", '0', "x"),
        .. RawTar.Header("near", '0', (345, "prefix/of/ustar")),
        .. RawTar.End]);

    [Fact]
    public async Task Tree_AbsoluteNames_EqualUmocis() => await CompareAsync([
        .. RawTar.Entry("/ko-app/", '5', ""), .. RawTar.Entry("/ko-app/app", '0', "a program"), .. RawTar.Entry("//ko-app/./other", '0', "another"),
        .. RawTar.Header("/again", '1', (157, "/ko-app/app")), .. RawTar.End]);

    [Theory]
    [InlineData("0.0")]
    [InlineData("0.1")]
    [InlineData("1.0")]
    public async Task Tree_SparseFiles_EqualUmocis(string version)
    {
        var source = _directory.Join("source");
        Directory.CreateDirectory(source);
        using (var file = File.Create(Path.Join(source, "sparse")))
        {
            for (var i = 0; i < 30; i++)
            {
                file.Position = i * 50_000;
                file.WriteByte((byte)i);
            }

            file.SetLength(3_000_000);
        }

        Command.Run("tar", "-C", source, "--format=pax", $"--sparse-version={version}", "-Scf", _directory.Join("tar"), ".");

        await CompareAsync(File.ReadAllBytes(_directory.Join("tar")));
    }

    [Fact]
    public async Task Tree_LayersThatReplaceAndRemove_EqualUmocis() => await CompareAsync(
        Base(),
        new LayerTar()
            .Directory("./")
            .File(".wh.gone").File("keep/.wh.one").Directory("keep/", 0x1C0)
            .Directory("file-to-dir/").File("file-to-dir/inside", "x").Directory("dir-to-link/..data/").File(".wh.dir-to-link").Symlink("was-dir", "keep")
            .Directory("opaque-before/").File("opaque-before/.wh..wh..opq").File("opaque-before/new", "x")
            .Directory("opaque-after/").File("opaque-after/new", "x").File("opaque-after/.wh..wh..opq")
            .Directory("opaque-between/").File("opaque-between/first", "x").File("opaque-between/.wh..wh..opq").File("opaque-between/last", "x")
            .File(".wh.whole").Directory("whole/", 0x1C0).File("whole/new", "x")
            .File("replaced", "newer", 0x180, 7, 8),
        new LayerTar().File(".wh.late").File("late", "same layer, after").File("early", "same layer, before").File(".wh.early")
            .File("keep/.wh.two"));

    [Fact]
    public async Task Tree_WhiteoutThenEntriesBelowIt_EqualsUmocis() => await CompareAsync(
        new LayerTar().Directory("dir/").File("dir/old", "old").Directory("dir/below/").File("dir/below/old", "old"),
        new LayerTar().File(".wh.dir").File("dir/new", "new").File("dir/below/new", "new"));

    [Fact]
    public async Task Tree_WhiteoutsOfMoreThanIsThere_EqualUmocis() => await CompareAsync(
        new LayerTar().Directory("a/").File("a/b", "1"),
        new LayerTar().File(".wh.never").File("a/.wh.b").File("a/.wh.b").Directory("x/").File("x/.wh.z").Directory("x/y/").File("x/y/.wh.z"));

    [Fact]
    public async Task Tree_DirectoriesNotListedAbove_KeepWhatTheyWere() => await CompareAsync(
        new LayerTar().Directory("./", 0x1C9).Directory("home/", 0x1C0, 5, 6).Directory("home/user/", 0x1F8, 7, 8).File("home/user/a", "1"),
        new LayerTar().File("home/user/b", "2"),
        new LayerTar().Directory("home/", 0x1D0, 9, 9).File("home/user/c", "3"));

    [Fact]
    public async Task Tree_SameLayerThreeTimesAndEmptyOnes_EqualsUmocis()
    {
        var twice = new LayerTar().File("twice", "1").File("counted", "1").ToArray();
        await CompareAsync(new TestImage()
            .Layer(RawTar.End).Layer(twice).Layer(new LayerTar().File("twice", "2").File(".wh.counted")).Layer(RawTar.End).Layer(twice).Layer(RawTar.End).Finish());
    }

    [Fact]
    public async Task Tree_HardLinksInAnyOrder_EqualUmocis() => await CompareAsync(
        new LayerTar().Directory("a/").Directory("b/").File("a/one", "first").HardLink("b/two", "a/one").File("a/one", "replaced").HardLink("b/three", "a/one")
            .Symlink("soft", "a/one").HardLink("hard-to-soft", "soft").HardLink("a/four", "./b//two"));

    [Fact]
    public async Task Tree_EntriesListedTwice_EqualUmocis() => await CompareAsync(
        new LayerTar().Directory("d/", 0x1ED).File("d/kept", "1").Directory("d/", 0x1C0, 3, 4).File("f", "old").File("f", "newer").Symlink("s", "f").File("s", "a file now")
            .Directory("gone/").File("gone/x", "1").File("gone", "a file now"));

    [Fact]
    public async Task Tree_BusyboxOfDebian_EqualsUmocis()
    {
        var (root, tar) = (_directory.Join("root"), _directory.Join("busybox.tar"));
        Directory.CreateDirectory(Path.Join(root, "bin"));

        // By another program: what a test starts at this instant would inherit our descriptor of it and keep it busy for a moment.
        Command.Run("cp", "/bin/busybox", Path.Join(root, "bin", "busybox"));
        Command.Run("chroot", root, "/bin/busybox", "--install", "/bin");
        Command.Run("tar", "-C", root, "--format=pax", "-cf", tar, ".");

        await CompareAsync(File.ReadAllBytes(tar));
    }

    [Fact]
    public async Task Tree_FilesOfDebianPackages_EqualUmocis()
    {
        var (list, tar) = (_directory.Join("list"), _directory.Join("packages.tar"));
        File.WriteAllLines(list, Command.Run("dpkg-query", "-L", "base-files", "tar", "libc-bin", "login", "mount").Split('\n')
            .Where(path => path.StartsWith("/usr/", StringComparison.Ordinal) && FileStatus.Of(path) is { Kind: not FileKind.Directory })
            .Distinct().Select(path => path[1..]));
        Command.Run("tar", "-C", "/", "--format=gnu", "-cf", tar, "-T", list);

        await CompareAsync(File.ReadAllBytes(tar));
    }

    private static LayerTar Base() => new LayerTar()
        .Directory("./").Directory("keep/").File("keep/one", "1").File("keep/two", "2").Directory("gone/").File("gone/x", "1")
        .File("file-to-dir", "1").Directory("dir-to-link/").File("dir-to-link/x", "1").Directory("was-dir/").File("was-dir/x", "1")
        .Directory("opaque-before/", 0x1C0).File("opaque-before/old", "1").Directory("opaque-after/").File("opaque-after/old", "1")
        .Directory("opaque-between/").File("opaque-between/old", "1").Directory("whole/").File("whole/old", "1")
        .File("replaced", "old", 0x1FF).File("late", "1").File("early", "1");

    private static byte[] Pax(params (string Key, string Value)[] records) =>
        RawTar.Pax([.. records.Select(record => RawTar.PaxRecord(record.Key, Encoding.UTF8.GetBytes(record.Value)))]);

    private Task CompareAsync(params LayerTar[] layers) => CompareAsync([.. layers.Select(layer => layer.ToArray())]);

    private Task CompareAsync(params byte[][] layers) =>
        CompareAsync(layers.Aggregate(new TestImage(), (image, layer) => image.Layer(layer)).Finish());

    // Every image also goes out again as it came: each layer's archive from its recipe, and the whole through skopeo.
    private async Task CompareAsync(TestImage image)
    {
        using var registry = new ScriptedRegistry().Add(image, "compared", "v1");
        using var node = new ImageNode(options => options with { KeepBlobs = true });
        var record = await node.PullAsync($"{registry.Host}/compared:v1");
        AssertArchives(node, record);
        await AssertExportAsync(node, record, image);

        image.WriteLayout(_directory.Join("layout"), "v1");
        Command.Run("umoci", "unpack", "--image", $"{_directory.Join("layout")}:v1", _directory.Join("bundle"));
        await AssertTreeAsync(node, record);
    }

    private static void AssertArchives(ImageNode node, ImageRecord record)
    {
        foreach (var diffId in record.DiffIds.Distinct())
        {
            using var archive = LayerArchive.Open(Path.GetDirectoryName(node.Layers.TreePath(node.Layers.Find(diffId)!.Name))!);
            Assert.Equal(diffId.Hex, Convert.ToHexStringLower(SHA256.HashData(archive)));
        }
    }

    private async Task AssertExportAsync(ImageNode node, ImageRecord record, TestImage image)
    {
        var (archive, copy) = (_directory.Join("export.tar"), _directory.Join("copy"));
        await node.Exporter.ExportFileAsync(new ExportOptions { Images = [record.Id] }, archive, CancellationToken.None);
        Command.Run("skopeo", "copy", "-q", "--insecure-policy", "--preserve-digests", $"oci-archive:{archive}", $"dir:{copy}");
        Assert.Equal(image.ManifestDigest, Digest.OfSha256(File.ReadAllBytes(Path.Join(copy, "manifest.json"))));
        foreach (var digest in image.LayerDigests.Append(image.ConfigDigest))
        {
            Assert.Equal(digest, Digest.OfSha256(File.ReadAllBytes(Path.Join(copy, digest.Hex))));
        }
    }

    private async Task AssertTreeAsync(ImageNode node, ImageRecord record)
    {
        var snapshot = await node.Snapshotter.PrepareAsync("compared", record, CancellationToken.None);
        var merged = _directory.Join("merged");
        Directory.CreateDirectory(merged);
        Mount.Make(snapshot.Type, snapshot.Source, merged, snapshot.Options);
        try
        {
            Assert.Equal(string.Join('\n', FileTreeListing.Of(_directory.Join("bundle", "rootfs"))), string.Join('\n', FileTreeListing.Of(merged)));
        }
        finally
        {
            Mount.UnmountAll(merged);
        }
    }
}
