using Cri.Testing.Crispd;

namespace Cri.Faults.Kills;

/// <summary>The names of all that a crispd has on disk; what is mounted there is not looked into.</summary>
public sealed class Contents
{
    private static readonly HashSet<string> _mounts = ["rootfs", "shm", "ns", "layers-of-pod", "volumes", "upper", "work", "fs"];
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);

    private Contents()
    {
    }

    /// <summary>What there is now.</summary>
    public static Contents Of(CrispdFixture crispd)
    {
        var contents = new Contents();
        contents.Add(crispd.Root);
        contents.Add(crispd.State);
        return contents;
    }

    /// <summary>How <paramref name="other"/> differs from this, a name each.</summary>
    public IReadOnlyList<string> ChangesIn(Contents other) =>
        [.. other._names.Except(_names).Select(name => $"more: {name}"), .. _names.Except(other._names).Select(name => $"less: {name}")];

    private void Add(string directory)
    {
        try
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(directory))
            {
                _names.Add(entry);
                if (!_mounts.Contains(Path.GetFileName(entry)) && Directory.Exists(entry))
                {
                    Add(entry);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // It went meanwhile; the next look tells.
        }
    }
}
