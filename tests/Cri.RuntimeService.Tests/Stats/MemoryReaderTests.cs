using Cri.RuntimeService.Stats;
using Xunit;

namespace Cri.RuntimeService.Tests.Stats;

public sealed class MemoryReaderTests
{
    [Fact]
    public void Read_OfVersion2_HasWorkingSetAndWhatTheLimitLeaves()
    {
        using var cgroup = new CgroupFixture(
            ("memory.current", "1000\n"),
            ("memory.max", "5000\n"),
            ("memory.stat", "anon 300\nfile 600\ninactive_file 400\npgfault 7\npgmajfault 2\n"),
            ("memory.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=3\n"));

        var memory = MemoryReader.Read(cgroup.V2).Memory!;

        Assert.Equal(1000u, memory.UsageBytes.Value);
        Assert.Equal(600u, memory.WorkingSetBytes.Value);
        Assert.Equal(4400u, memory.AvailableBytes.Value);
        Assert.Equal(300u, memory.RssBytes.Value);
        Assert.Equal((7u, 2u), (memory.PageFaults.Value, memory.MajorPageFaults.Value));
        Assert.Equal(3000u, memory.Psi.Some.Total);
    }

    [Theory]
    [InlineData("max\n")]
    [InlineData("9223372036854771712\n")]
    public void Read_WithoutALimit_HasNothingAvailable(string limit)
    {
        using var cgroup = new CgroupFixture(("memory.current", "1\n"), ("memory.max", limit), ("memory.stat", "anon 1\\n"));

        Assert.Null(MemoryReader.Read(cgroup.V2).Memory!.AvailableBytes);
    }

    [Fact]
    public void Read_WithMoreInactiveThanUsed_HasAnEmptyWorkingSet()
    {
        using var cgroup = new CgroupFixture(("memory.usage_in_bytes", "10\n"), ("memory.stat", "total_inactive_file 20\ntotal_rss 3\n"));

        var memory = MemoryReader.Read(cgroup.V1).Memory!;

        Assert.Equal(0u, memory.WorkingSetBytes.Value);
        Assert.Equal(3u, memory.RssBytes.Value);
        Assert.Null(memory.PageFaults);
        Assert.Null(memory.Psi);
    }

    [Fact]
    public void Read_OfACgroupThatIsGone_IsNull()
    {
        using var cgroup = new CgroupFixture();

        Assert.Equal((null, null), MemoryReader.Read(cgroup.V2));
        Assert.Null(CpuReader.Read(cgroup.V2, new CpuRate()));
    }

    [Fact]
    public void Swap_OfVersion2_HasUsageAndWhatTheLimitLeaves()
    {
        using var cgroup = new CgroupFixture(("memory.current", "1\n"), ("memory.swap.current", "100\n"), ("memory.swap.max", "300\n"));

        var swap = MemoryReader.Read(cgroup.V2).Swap!;

        Assert.Equal((100u, 200u), (swap.SwapUsageBytes.Value, swap.SwapAvailableBytes.Value));
    }

    [Fact]
    public void Swap_OfVersion1_TakesTheMemoryLimitOffTheCommonOne()
    {
        using var cgroup = new CgroupFixture(
            ("memory.usage_in_bytes", "100\n"),
            ("memory.memsw.limit_in_bytes", "1500\n"),
            ("memory.limit_in_bytes", "1000\n"),
            ("memory.stat", "total_swap 50\n"));

        var swap = MemoryReader.Read(cgroup.V1).Swap!;

        Assert.Equal((50u, 450u), (swap.SwapUsageBytes.Value, swap.SwapAvailableBytes.Value));
    }

    [Fact]
    public void Cpu_OfVersion2_IsInNanoseconds()
    {
        using var cgroup = new CgroupFixture(("cpu.stat", "usage_usec 1234\nuser_usec 1000\nsystem_usec 234\n"));

        Assert.Equal(1_234_000u, CpuReader.Read(cgroup.V2, new CpuRate())!.UsageCoreNanoSeconds.Value);
    }
}
