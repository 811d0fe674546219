using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.Testing;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public sealed class MountSweepTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("sweep");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Delete_DirectoryReachedByASymbolicLink_SparesWhatWasMountedInIt()
    {
        var kept = _directory.File("volume/kept", "data");
        var bundle = Directory.CreateDirectory($"{_directory.Path}/run/bundle").FullName;
        Directory.CreateDirectory($"{bundle}/volume");
        Mount.Bind($"{_directory.Path}/volume", $"{bundle}/volume");
        File.CreateSymbolicLink($"{_directory.Path}/var", $"{_directory.Path}/run");

        MountSweep.Delete($"{_directory.Path}/var/bundle");

        Assert.False(Directory.Exists(bundle));
        Assert.Equal("data", File.ReadAllText(kept));
    }

    [Fact]
    public void Below_StackedAndNestedMountsAndALink_UnmountsAllAndFollowsNothing()
    {
        var elsewhere = Directory.CreateDirectory($"{_directory.Path}/elsewhere").FullName;
        Mount.Make("tmpfs", "kept", elsewhere, ["size=4k"]);
        var bundle = Directory.CreateDirectory($"{_directory.Path}/bundle").FullName;
        var nested = Directory.CreateDirectory($"{bundle}/a/b").FullName;
        var file = _directory.File("bundle/pin", "");
        Mount.Make("tmpfs", "first", nested, ["size=4k"]);
        Mount.Make("tmpfs", "second", nested, ["size=4k"]);
        Mount.Make("tmpfs", "inside", Directory.CreateDirectory($"{nested}/c").FullName, ["size=4k"]);
        Mount.Bind("/proc/self/ns/uts", file);
        Directory.CreateSymbolicLink($"{bundle}/link", elsewhere);
        try
        {
            Assert.Equal(3, MountSweep.Below(bundle));
            Assert.Equal([elsewhere], MountTable.Below(_directory.Path).Select(entry => entry.Target));
        }
        finally
        {
            Mount.UnmountAll(elsewhere);
        }
    }
}
