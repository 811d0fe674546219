using Xunit;

namespace Cri.Linux.Tests;

public sealed class MountOptionsTests
{
    [Fact]
    public void Parse_OptionsOfEveryKind_AreTakenApart()
    {
        var parsed = MountOptions.Parse(["rbind", "ro", "nosuid", "rprivate", "size=64k", "mode=755"]);
        Assert.Equal(MountFlags.Bind | MountFlags.Recursive | MountFlags.ReadOnly | MountFlags.NoSuid, parsed.Flags);
        Assert.Equal(MountFlags.Private | MountFlags.Recursive, parsed.Propagation);
        Assert.Equal(["size=64k", "mode=755"], parsed.Data);
    }

    [Fact]
    public void Parse_LaterOption_TakesAnEarlierOneBack()
    {
        Assert.Equal(MountFlags.None, MountOptions.Parse(["ro", "defaults", "rw"]).Flags);
        Assert.Equal(MountFlags.ReadOnly, MountOptions.Parse(["rw", "ro"]).Flags);
    }
}
