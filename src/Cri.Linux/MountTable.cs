using System.Globalization;
using System.Text;

namespace Cri.Linux;

/// <summary>A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
/// <param name="Id">The mount's number.</param>
/// <param name="ParentId">The number of the mount it lies on.</param>
/// <param name="Root">The directory of the file system that is its root.</param>
/// <param name="Target">Where it is mounted.</param>
/// <param name="Type">The file system.</param>
/// <param name="Source">The device or what stands for it.</param>
/// <param name="SuperOptions">Options of the file system, comma-separated.</param>
public sealed record MountEntry(int Id, int ParentId, string Root, string Target, string Type, string Source, string SuperOptions);

/// <summary>The mounts that this process sees.</summary>
public static class MountTable
{
    /// <summary>Reads the table; later mounts follow earlier ones.</summary>
    public static IReadOnlyList<MountEntry> Read() =>
        [.. SmallFile.ReadText("/proc/self/mountinfo").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    /// <summary>The mounts at a directory and below it.</summary>
    public static IEnumerable<MountEntry> Below(string directory) =>
        Read().Where(entry => entry.Target == directory || entry.Target.StartsWith(directory + '/', StringComparison.Ordinal));

    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    private static MountEntry Parse(string line)
    {
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-", 6);
        return new MountEntry(
            int.Parse(fields[0], CultureInfo.InvariantCulture),
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            Unescape(fields[3]),
            Unescape(fields[4]),
            fields[separator + 1],
            Unescape(fields[separator + 2]),
            fields[separator + 3]);
    }

    // Space, tab, newline and backslash are written as three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        var plain = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                plain.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                plain.Append(field[i]);
            }
        }

        return plain.ToString();
    }
}
