using Xunit;

namespace Cri.Linux.Tests;

public sealed class NamespacesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ns-").FullName;

    public void Dispose()
    {
        Namespaces.Unpin(Path.Combine(_directory, "uts"));
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Pin_OnAThreadOfItsOwn_KeepsTheNamespaceAndLeavesOursAlone()
    {
        var ours = SmallFile.ReadText("/proc/sys/kernel/hostname");
        var pin = Path.Combine(_directory, "uts");
        var theirs = "";

        OwnThread.Run(() =>
        {
            Namespaces.Unshare(NamespaceKinds.Uts);
            Namespaces.SetHostname("another");
            Namespaces.Pin("uts", pin);
            theirs = SmallFile.ReadText("/proc/sys/kernel/hostname");
        });
        Assert.Equal("another\n", theirs);
        Assert.Equal(ours, SmallFile.ReadText("/proc/sys/kernel/hostname"));
        Assert.Equal("nsfs", Assert.Single(MountTable.Below(_directory)).Type);
        Namespaces.Unpin(pin);
        Assert.False(File.Exists(pin));
        Namespaces.Unpin(pin);
    }

    [Fact]
    public void Run_ThatThrows_ThrowsHere() =>
        Assert.Throws<LinuxException>(() => OwnThread.Run(() => SmallFile.Read("/no/such/file")));
}
