namespace Cri.Cli.Output;

/// <summary>Sizes in decimal units, as disks and registries count.</summary>
internal static class ByteSize
{
    private static readonly string[] _units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>A size with three significant digits.</summary>
    public static string Of(ulong bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (value >= 999.5 && unit < _units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return unit == 0 ? $"{bytes}B" : $"{value.ToString(value < 9.995 ? "0.00" : value < 99.95 ? "0.0" : "0")}{_units[unit]}";
    }
}
