using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Layers;

public sealed class LayerVerificationTests : IDisposable
{
    private readonly byte[] _tar;
    private readonly UnpackedLayer _layer;

    public LayerVerificationTests()
    {
        _tar = new LayerTar()
            .Directory("dir/", 0x3FF, 5, 6)
            .File("dir/a", "old").File("dir/a", "content", 0x9ED, 7, 8, new() { ["user.note"] = "kept" })
            .File("dir/b", "content").HardLink("linked", "dir/b")
            .Symlink("link", "dir/a").Fifo("fifo").CharacterDevice("null", 1, 3)
            .File("dir/.wh.gone").Directory("dir/", 0x1ED, 1, 2).Directory("opaque/").File("opaque/.wh..wh..opq")
            .ToArray();
        _layer = new UnpackedLayer(_tar);
    }

    public void Dispose() => _layer.Dispose();

    [Fact]
    public void Verify_AsExtracted_FindsNothing() => Assert.Empty(Verify());

    [Fact]
    public void Verify_RealTree_FindsNothing()
    {
        using var work = new TemporaryDirectory();
        Command.Run("tar", "-C", "/usr/lib", "--format=pax", "-cf", work.Join("tar"), "systemd", "ssl", "tmpfiles.d");
        using var layer = new UnpackedLayer(File.ReadAllBytes(work.Join("tar")));

        Assert.Empty(LayerVerification.Verify(layer.Directory, Digest.OfSha256(File.ReadAllBytes(work.Join("tar"))), default));
    }

    [Theory]
    [InlineData("dir/a", "its mode is")]
    [InlineData("dir", "its mode is")]
    public void Verify_Mode_IsCompared(string name, string reason)
    {
        File.SetUnixFileMode(_layer.Path(name), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        AssertDamaged(name, reason);
    }

    [Fact]
    public void Verify_Owner_IsCompared()
    {
        using var tree = FileTree.Open(_layer.Tree);
        FileTree.SetOwner(tree.Root, "link"u8, 3, 0);

        AssertDamaged("link", "it belongs to 3:0, not to 0:0");
    }

    [Theory]
    [InlineData("dir/b")]
    [InlineData("dir")]
    [InlineData("fifo")]
    public void Verify_Time_IsCompared(string name)
    {
        using var tree = FileTree.Open(_layer.Tree);
        FileTree.SetModified(tree.Root, System.Text.Encoding.UTF8.GetBytes(name), new FileTime(5, 0));

        AssertDamaged(name, "its time of modification has changed");
    }

    [Fact]
    public void Verify_Attribute_IsCompared()
    {
        Xattrs.Set(_layer.Path("dir/a"), "user.note", "other"u8);

        AssertDamaged("dir/a", "attribute user.note is missing or has changed");
    }

    [Fact]
    public void Verify_OpaqueDirectory_IsCompared()
    {
        Xattrs.Set(_layer.Path("opaque"), "trusted.overlay.opaque", "n"u8);

        AssertDamaged("opaque", "attribute trusted.overlay.opaque is missing");
    }

    [Theory]
    [InlineData("link", "it links to something else")]
    [InlineData("fifo", "it is a SymbolicLink, not a Fifo")]
    [InlineData("dir/a", "")]
    [InlineData("null", "not a CharacterDevice")]
    public void Verify_KindAndTarget_AreCompared(string name, string reason)
    {
        File.Delete(_layer.Path(name));
        File.CreateSymbolicLink(_layer.Path(name), "dir/b");

        Assert.Contains(Verify(), damage => damage.Path == name && damage.Reason.Contains(reason));
    }

    [Theory]
    [InlineData("dir/a")]
    [InlineData("dir/gone")]
    [InlineData("linked")]
    public void Verify_Missing_IsNamed(string name)
    {
        File.Delete(_layer.Path(name));

        Assert.Contains(Verify(), damage => damage.Path == name && damage.Reason == "it is missing");
    }

    [Fact]
    public void Verify_SeveralFilesDamaged_AllAreNamed()
    {
        _layer.Overwrite("dir/a", "CONTENT"u8.ToArray());
        _layer.Overwrite("dir/b", []);

        Assert.Equal(["dir/a", "dir/b"], Verify().Select(damage => damage.Path).Where(path => path.StartsWith("dir/")).Order());
    }

    [Fact]
    public void Verify_ThousandFilesDamaged_SomeAreNamed()
    {
        var tar = new LayerTar();
        Enumerable.Range(0, 1000).ToList().ForEach(i => tar.File($"{i}", "content"));
        using var layer = new UnpackedLayer(tar.ToArray());
        Enumerable.Range(0, 1000).ToList().ForEach(i => layer.Overwrite($"{i}", []));

        Assert.Equal(LayerVerification.DamagesMax, LayerVerification.Verify(layer.Directory, Digest.OfSha256(tar.ToArray()), default).Count);
    }

    [Fact]
    public void Verify_AnotherDiffId_IsDamage()
    {
        var damage = Assert.Single(LayerVerification.Verify(_layer.Directory, Digest.OfSha256([]), default));

        Assert.Contains("its archive has digest", damage.Reason);
    }

    [Fact]
    public void Verify_RecipeDamaged_IsDamage()
    {
        File.WriteAllBytes(_layer.Recipe, File.ReadAllBytes(_layer.Recipe)[..40]);

        Assert.Contains("\"recipe\" is damaged", Assert.Single(Verify()).Reason);
    }

    [Fact]
    public void Verify_TreeGone_IsDamage()
    {
        FileTree.Remove(_layer.Tree);

        Assert.Contains("missing", Assert.Single(Verify()).Reason);
    }

    [Fact]
    public void Verify_WithoutRecipe_IsRefused()
    {
        File.Delete(_layer.Recipe);

        Assert.Contains("older version", Assert.Throws<LayerFormatException>(Verify).Message);
    }

    private IReadOnlyList<LayerDamage> Verify() => LayerVerification.Verify(_layer.Directory, Digest.OfSha256(_tar), default);

    private void AssertDamaged(string name, string reason)
    {
        var damage = Assert.Single(Verify());
        Assert.Equal(name, damage.Path);
        Assert.Contains(reason, damage.Reason);
    }
}
