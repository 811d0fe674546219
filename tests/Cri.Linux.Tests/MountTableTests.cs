using Xunit;

namespace Cri.Linux.Tests;

public sealed class MountTableTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("mounts").FullName;

    [Fact]
    public void Below_ADirectoryWithASpace_FindsItsMounts()
    {
        var target = Directory.CreateDirectory(_directory + "/a b\\c").FullName;
        Mount.Make("tmpfs", "space", target, ["size=4k"]);

        Assert.Equal([target], MountTable.Below(target).Select(entry => entry.Target));
        Assert.Equal([target], MountTable.Below(_directory).Select(entry => entry.Target));
    }

    [Fact]
    public void Below_ANameThatOnlyBeginsAlike_IsNotBelow()
    {
        var (target, other) = (Directory.CreateDirectory(_directory + "/a").FullName, Directory.CreateDirectory(_directory + "/ab").FullName);
        Mount.Make("tmpfs", "alike", other, ["size=4k"]);

        Assert.Empty(MountTable.Below(target));
    }

    [Fact]
    public void Read_LinesLongerThanItsBuffer_AreWhole()
    {
        // Each byte of a source that is escaped takes four; mount(2) takes a page of it.
        var source = new string(' ', 4000);
        foreach (var name in Enumerable.Range(0, 20))
        {
            Mount.Make("tmpfs", source, Directory.CreateDirectory($"{_directory}/{name}").FullName, ["size=4k"]);
        }

        var found = MountTable.Below(_directory).ToList();

        Assert.Equal(20, found.Count);
        Assert.All(found, entry => Assert.Equal(source, entry.Source));
        Assert.Contains(MountTable.Read(), entry => entry.Target == "/");
    }

    [Fact]
    public void Cgroups_OfThisMachine_AreWhatTheTableHas() => Assert.Equal(
        MountTable.Read().Where(entry => entry.Type is "cgroup" or "cgroup2").Select(entry => entry.Target),
        MountTable.Cgroups.Select(entry => entry.Target));

    public void Dispose()
    {
        foreach (var entry in MountTable.Below(_directory).Reverse())
        {
            Mount.UnmountAll(entry.Target);
        }

        Directory.Delete(_directory, recursive: true);
    }
}
