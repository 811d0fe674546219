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
public sealed record MountEntry(int Id, int ParentId, string Root, string Target, string Type, string Source, string SuperOptions)
{
    /// <summary>Options of this mount alone: <c>rw</c>, <c>nosuid</c>, <c>relatime</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>True when it sends mounts to its peers and gets theirs.</summary>
    public bool IsShared { get; init; }

    /// <summary>True when it gets mounts from a peer group.</summary>
    public bool IsSlave { get; init; }
}

/// <summary>The mounts that this process sees.</summary>
public static class MountTable
{
    private const int Chunk = 32 << 10;
    private const string Escaped = " \t\n\\";
    private static readonly Lazy<IReadOnlyList<MountEntry>> _cgroups = new(() => [.. Lines(" - cgroup"u8).Select(Parse)]);

    /// <summary>The cgroup hierarchies of both versions; they stay as they are while the machine runs, and are read once.</summary>
    public static IReadOnlyList<MountEntry> Cgroups => _cgroups.Value;

    /// <summary>Reads the table; later mounts follow earlier ones.</summary>
    public static IReadOnlyList<MountEntry> Read() => [.. Lines([]).Select(Parse)];

    /// <summary>The mounts at a directory and below it; the directory may be reached by symbolic links.</summary>
    public static IEnumerable<MountEntry> Below(string directory)
    {
        var real = Resolve(directory);
        var within = real.TrimEnd('/') + '/';
        return Lines(real.AsSpan().IndexOfAny(Escaped) >= 0 ? [] : Encoding.UTF8.GetBytes(real)).Select(Parse)
            .Where(entry => entry.Target == real || entry.Target.StartsWith(within, StringComparison.Ordinal));
    }

    /// <summary>The mount that a path lies on: of those at the nearest directory the topmost one.</summary>
    /// <param name="path">An absolute path without symbolic links.</param>
    public static MountEntry? Containing(string path) => Read()
        .Where(entry => entry.Target is "/" || path == entry.Target || path.StartsWith(entry.Target + '/', StringComparison.Ordinal))
        .Aggregate((MountEntry?)null, (nearest, entry) => nearest is null || entry.Target.Length >= nearest.Target.Length ? entry : nearest);

    // The table has no links in it. A directory that is gone has no mounts either.
    private static string Resolve(string directory)
    {
        try
        {
            return RealPath.Of(directory);
        }
        catch (LinuxException)
        {
            return directory;
        }
    }

    // Thousands of mounts are megabytes: only the lines with this part in them become text.
    private static List<string> Lines(ReadOnlySpan<byte> part)
    {
        using var file = SmallFile.OpenRead("/proc/self/mountinfo");
        var lines = new List<string>();
        var buffer = new byte[Chunk];
        var kept = 0;
        for (int count; (count = FdStream.Read(file, buffer.AsSpan(kept))) > 0;)
        {
            var rest = buffer.AsSpan(0, kept + count);
            for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
            {
                if (rest[..end].IndexOf(part) >= 0)
                {
                    lines.Add(Encoding.UTF8.GetString(rest[..end]));
                }
            }

            kept = rest.Length;
            if (kept == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * kept);
            }
            else
            {
                rest.CopyTo(buffer);
            }
        }

        return lines;
    }

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
            fields[separator + 3])
        {
            Options = fields[5].Split(','),
            IsShared = fields[6..separator].Any(field => field.StartsWith("shared:", StringComparison.Ordinal)),
            IsSlave = fields[6..separator].Any(field => field.StartsWith("master:", StringComparison.Ordinal)),
        };
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
