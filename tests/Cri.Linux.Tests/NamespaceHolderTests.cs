using System.Runtime.InteropServices;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class NamespaceHolderTests
{
    private static readonly IdMap _ids = new(new IdMapping(0, 3_000_000, 1000), new IdMapping(0, 4_000_000, 500));

    [Theory]
    [InlineData(Architecture.X64, 62)]
    [InlineData(Architecture.Arm64, 183)]
    public void Program_OfAnArchitecture_IsASmallStaticExecutable(Architecture architecture, int machine)
    {
        var file = NamespaceHolderProgram.Assemble(0x12345678, architecture);

        Assert.Equal([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0], file[..8]);
        Assert.Equal((2, machine), (BitConverter.ToInt16(file, 16), BitConverter.ToInt16(file, 18)));
        Assert.InRange(file.Length, 150, 300);
    }

    [Fact]
    public void Program_OfAnUnknownArchitecture_SaysSo() =>
        Assert.Throws<PlatformNotSupportedException>(() => NamespaceHolderProgram.Assemble(0, Architecture.S390x));

    [Fact]
    public void Start_WithIds_HasAUserNamespaceOfThemThatOwnsTheOthers()
    {
        using var holder = NamespaceHolder.Start(_ids, NamespaceKinds.Net | NamespaceKinds.Uts);

        Assert.Equal(["0", "3000000", "1000"], Words($"/proc/{holder.Pid}/uid_map"));
        Assert.Equal(["0", "4000000", "500"], Words($"/proc/{holder.Pid}/gid_map"));
        Assert.All(["user", "net", "uts"], name => Assert.NotEqual(Target($"/proc/self/ns/{name}"), Target(holder.PathOf(name))));
        Assert.Equal(Target("/proc/self/ns/ipc"), Target(holder.PathOf("ipc")));
    }

    [Fact]
    public void Dispose_Holder_EndsItsProcess()
    {
        var holder = NamespaceHolder.Start(_ids);

        holder.Dispose();

        Assert.False(Directory.Exists($"/proc/{holder.Pid}"));
    }

    [Fact]
    public void Start_WithIdsThatCannotBeMapped_ThrowsAndLeavesNoProcess()
    {
        var none = new IdMap(new IdMapping(0, 1, 0), new IdMapping(0, 1, 0));

        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NamespaceHolder.Start(none)).Error);
    }

    [Fact]
    public void OpenUserNamespace_OutlivesItsProcess()
    {
        using var user = NamespaceHolder.OpenUserNamespace(_ids);

        Assert.True(Nsfs.IsNamespace($"/proc/self/fd/{user.Number}"));
    }

    [Theory]
    [InlineData(0u, 100u)]
    [InlineData(9u, 109u)]
    [InlineData(10u, null)]
    public void ToHost_OfAnId_IsItsIdOutside(uint id, uint? expected) => Assert.Equal(expected, new IdMapping(0, 100, 10).ToHost(id));

    private static string[] Words(string path) => File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static string Target(string path) => new FileInfo(path).LinkTarget!;
}
