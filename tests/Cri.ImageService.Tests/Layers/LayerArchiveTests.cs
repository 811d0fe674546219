using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Layers;

public sealed class LayerArchiveTests
{
    public static TheoryData<string> Formats => ["gnu", "pax", "ustar", "oldgnu"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Open_ArchiveOfGnuTar_IsTheSameBytes(string format)
    {
        using var work = new TemporaryDirectory();
        Command.Run("cp", "-a", "/etc/.", work.Join("etc"));
        Command.Run("tar", "-C", work.Path, $"--format={format}", "-cf", work.Join("tar"), "etc");

        AssertSame(File.ReadAllBytes(work.Join("tar")));
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax --sparse-version=0.0")]
    [InlineData("--format=pax --sparse-version=0.1")]
    [InlineData("--format=pax --sparse-version=1.0")]
    public void Open_SparseFiles_IsTheSameBytes(string format)
    {
        using var work = new TemporaryDirectory();
        Command.Run("sh", "-c", $"cd {work.Path} && mkdir d && truncate -s 3M d/holes && for i in 0 3 9 40; do echo $i | dd of=d/holes bs=64k seek=$i conv=notrunc status=none; done && truncate -s 1M d/only-a-hole && tar {format} --sparse -cf tar d");

        AssertSame(File.ReadAllBytes(work.Join("tar")));
    }

    [Fact]
    public void Open_EveryKindOfEntry_IsTheSameBytes() => AssertSame(new LayerTar()
        .Directory("dir/", 0x3FF, 5, 6)
        .File("dir/empty")
        .File("dir/setuid", "x", 0x9ED, 1000, 1001, new() { ["user.note"] = "kept", ["trusted.overlay.redirect"] = "not taken over" })
        .File("dir/large", new byte[300_000])
        .Symlink("dir/link", "/anywhere").HardLink("other", "dir/setuid").Fifo("dir/fifo").CharacterDevice("dir/null", 1, 3)
        .File("dir/.wh.gone").File("dir/.wh..wh..opq").File(".wh..wh.plnk/ignored", "content that goes nowhere")
        .File("implied/directory/file", "x").ToArray());

    [Fact]
    public void Open_FileThatALaterEntryReplaced_IsTheSameBytes() => AssertSame(new LayerTar()
        .File("file", "first").File("file", "second, longer").HardLink("link", "file").File("file", "third").Symlink("file", "link").ToArray());

    [Fact]
    public void Open_DirectoryThatALaterEntryReplaced_IsTheSameBytes() => AssertSame(new LayerTar()
        .Directory("d/").File("d/x", "old").Directory("d/e/").File("d/e/y", "older").File("d", "a file")
        .Directory("d/").File("d/x", "new").File("d/.wh.x").File("d/x", "newest").ToArray());

    [Fact]
    public void Open_SymlinkInAPathThatLaterLeadsElsewhere_IsTheSameBytes() => AssertSame(new LayerTar()
        .Directory("one/").Directory("two/").Symlink("now", "one").File("now/file", "in one").Symlink("now", "two").File("now/file", "in two")
        .Directory("now/").File("now/file", "in itself").ToArray());

    [Fact]
    public void Open_NameThatIsNotUtf8_IsTheSameBytes() =>
        AssertSame([.. RawTar.Entry(Encoding.Latin1.GetString([(byte)'f', 0xE9]), '0', "content"), .. RawTar.End]);

    [Fact]
    public void Open_PaddingAndBytesAfterTheEnd_AreTheSame()
    {
        var entry = RawTar.Entry("file", '0', "short");
        entry.AsSpan(512 + 5).Fill(0xAA);

        AssertSame([.. entry, .. RawTar.End, .. new byte[9000], .. "not even zeros"u8]);
        AssertSame([.. entry]);
        AssertSame([]);
    }

    [Fact]
    public void Open_FileOfAnotherLength_IsNamed()
    {
        using var layer = Two();
        layer.Overwrite("dir/second", []);

        var error = Assert.Throws<LayerFormatException>(layer.Archive);

        Assert.Contains("\"dir/second\": it has 0 bytes, not 6", error.Message);
    }

    [Fact]
    public void Open_FileWithAnotherContent_IsNamed()
    {
        using var layer = Two();
        layer.Overwrite("dir/second", "sEcond"u8.ToArray());

        var error = Assert.Throws<LayerFormatException>(layer.Archive);

        Assert.Contains("\"dir/second\": its content has changed", error.Message);
    }

    [Fact]
    public void Open_FileGone_IsNamed()
    {
        using var layer = Two();
        File.Delete(layer.Path("dir/second"));

        var error = Assert.Throws<LayerFormatException>(layer.Archive);

        Assert.Contains("\"dir/second\": it is missing", error.Message);
    }

    [Fact]
    public void Open_SymlinkInPlaceOfAFile_IsNotFollowed()
    {
        using var layer = Two();
        File.Delete(layer.Path("dir/second"));
        File.CreateSymbolicLink(layer.Path("dir/second"), "../first");

        Assert.Contains("\"dir/second\"", Assert.Throws<LayerFormatException>(layer.Archive).Message);
    }

    [Fact]
    public void Open_WithoutRecipe_SaysThatTheLayerIsOlder()
    {
        using var layer = Two();
        File.Delete(layer.Recipe);

        Assert.Contains("older version", Assert.Throws<LayerFormatException>(layer.Archive).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(60)]
    public void Open_RecipeCut_IsDamaged(int length)
    {
        using var layer = Two();
        File.WriteAllBytes(layer.Recipe, File.ReadAllBytes(layer.Recipe)[..length]);

        Assert.Contains("\"recipe\" is damaged", Assert.Throws<LayerFormatException>(layer.Archive).Message);
    }

    [Fact]
    public void Open_AnyByteOfTheRecipeChanged_IsNeverAnotherArchive()
    {
        using var layer = Two();
        var (archive, recipe) = (layer.Archive(), File.ReadAllBytes(layer.Recipe));
        for (var i = 0; i < recipe.Length; i++)
        {
            var changed = recipe.ToArray();
            changed[i] ^= 0x11;
            File.WriteAllBytes(layer.Recipe, changed);
            try
            {
                Assert.Equal(archive, layer.Archive());
            }
            catch (LayerFormatException)
            {
            }
        }
    }

    private static UnpackedLayer Two() =>
        new(new LayerTar().Directory("dir/").File("first", "first").File("dir/second", "second").ToArray());

    private static void AssertSame(byte[] tar)
    {
        using var layer = new UnpackedLayer(tar);

        Assert.Equal(Convert.ToHexString(tar), Convert.ToHexString(layer.Archive()));
        Assert.Empty(LayerVerification.Verify(layer.Directory, Digest.OfSha256(tar), CancellationToken.None));
    }
}
