using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>CPU time of a cgroup, v1 and v2, in the terms of the CRI.</summary>
public static class CpuReader
{
    /// <summary>The CPU usage; null when the cgroup is gone.</summary>
    public static V1.CpuUsage? Read(CgroupFiles files, CpuRate rate)
    {
        if (Used(files) is not { } used)
        {
            return null;
        }

        return new V1.CpuUsage
        {
            Timestamp = Clock.Now,
            UsageCoreNanoSeconds = Amount.Of(used),
            UsageNanoCores = Amount.Of(rate.Next(used, Clock.Steady)),
            Psi = PressureReader.Read(files, "cpu"),
        };
    }

    /// <summary>CPU time used in all, ns; null when the cgroup is gone.</summary>
    public static ulong? Used(CgroupFiles files)
    {
        if (!files.IsV2)
        {
            return KernelText.NumberIn(files.CpuAccounting, "cpuacct.usage");
        }

        using var stat = KernelText.Read(files.Cpu, "cpu.stat");
        return stat["usage_usec"u8] * 1000;
    }
}
