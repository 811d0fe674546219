namespace Cri.Bench;

/// <summary>The cgroups above the pods', which on a node are the kubelet's to remove and here the bench's.</summary>
public static class PodCgroups
{
    /// <summary>Removes a cgroup and all empty ones below it, in every hierarchy; one that still has processes stays.</summary>
    public static void Remove(string cgroup)
    {
        foreach (var top in Hierarchies().Select(hierarchy => hierarchy + cgroup).Where(Directory.Exists))
        {
            foreach (var directory in Directory.EnumerateDirectories(top, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).Append(top))
            {
                TryRemove(directory);
            }
        }
    }

    // rmdir(2): the files in a cgroup go with it.
    private static void TryRemove(string directory)
    {
        try
        {
            Directory.Delete(directory);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"{directory} stays: {e.Message}");
        }
    }

    private static IEnumerable<string> Hierarchies() =>
        from line in File.ReadLines("/proc/self/mountinfo")
        let fields = line.Split(' ')
        where fields.Contains("cgroup") || fields.Contains("cgroup2")
        select fields[4];
}
