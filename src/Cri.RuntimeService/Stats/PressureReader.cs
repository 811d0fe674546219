using System.Buffers.Text;
using Cri.Linux;

namespace Cri.RuntimeService.Stats;

/// <summary>Pressure stall information of a cgroup (linux Documentation/accounting/psi.rst).</summary>
public static class PressureReader
{
    /// <summary>The pressure on "cpu", "memory" or "io"; null where the kernel does not tell.</summary>
    public static V1.PsiStats? Read(CgroupFiles files, string resource)
    {
        if (files.Pressure is not { } directory)
        {
            return null;
        }

        using var text = KernelText.Read(directory, resource switch
        {
            "cpu" => "cpu.pressure",
            "memory" => "memory.pressure",
            _ => "io.pressure",
        });
        return text.Exists ? Parse(text.Bytes) : null;
    }

    /// <summary>The input and output of a cgroup, of which the CRI only knows the pressure; null where the kernel does not tell.</summary>
    public static V1.IoUsage? Io(CgroupFiles files, long now) =>
        Read(files, "io") is { } pressure ? new V1.IoUsage { Timestamp = now, Psi = pressure } : null;

    /// <summary>Reads the lines <c>some avg10=0.12 avg60=0.05 avg300=0.01 total=12345</c> and <c>full …</c>; totals become nanoseconds.</summary>
    public static V1.PsiStats Parse(ReadOnlySpan<byte> text)
    {
        var stats = new V1.PsiStats();
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (line.StartsWith("some "u8))
            {
                stats.Some = Line(line);
            }
            else if (line.StartsWith("full "u8))
            {
                stats.Full = Line(line);
            }
        }

        return stats;
    }

    private static V1.PsiData Line(ReadOnlySpan<byte> line) => new()
    {
        Avg10 = Average(line, "avg10="u8),
        Avg60 = Average(line, "avg60="u8),
        Avg300 = Average(line, "avg300="u8),
        Total = (KernelText.ParseNumber(After(line, "total="u8)) ?? 0) * 1000,
    };

    private static double Average(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        Utf8Parser.TryParse(After(line, name), out double value, out _) ? value : 0;

    private static ReadOnlySpan<byte> After(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name)
    {
        var at = line.IndexOf(name);
        return at < 0 ? [] : line[(at + name.Length)..];
    }
}
