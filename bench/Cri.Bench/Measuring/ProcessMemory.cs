using System.Globalization;

namespace Cri.Bench.Measuring;

/// <summary>The memory of processes as the kernel sums it up (proc_pid_smaps(5)), in megabytes.</summary>
/// <param name="Resident">RSS: pages in memory, shared ones too.</param>
/// <param name="Proportional">PSS: a shared page counts by its share.</param>
/// <param name="PrivateDirty">What ending the process would give back, besides pages of files.</param>
public readonly record struct ProcessMemory(double Resident, double Proportional, double PrivateDirty)
{
    /// <summary>That of one process; nothing when it is gone.</summary>
    public static ProcessMemory Of(int pid)
    {
        try
        {
            var lines = File.ReadAllLines($"/proc/{pid}/smaps_rollup");
            return new ProcessMemory(Megabytes(lines, "Rss:"), Megabytes(lines, "Pss:"), Megabytes(lines, "Private_Dirty:"));
        }
        catch (IOException)
        {
            return default;
        }
    }

    /// <summary>The sum of several processes.</summary>
    public static ProcessMemory Of(IEnumerable<int> pids) => pids.Select(Of).Aggregate(
        default(ProcessMemory), (sum, one) => new(sum.Resident + one.Resident, sum.Proportional + one.Proportional, sum.PrivateDirty + one.PrivateDirty));

    private static double Megabytes(string[] lines, string field)
    {
        var line = lines.First(line => line.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
