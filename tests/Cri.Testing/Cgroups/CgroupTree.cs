namespace Cri.Testing.Cgroups;

/// <summary>The cgroups of this machine, of every hierarchy.</summary>
public static class CgroupTree
{
    /// <summary>Where the cgroup file systems are mounted.</summary>
    public static IEnumerable<string> Hierarchies() =>
        from line in File.ReadLines("/proc/self/mountinfo")
        let fields = line.Split(" - ")
        where fields.Length == 2 && fields[1].StartsWith("cgroup", StringComparison.Ordinal)
        select fields[0].Split(' ')[4];

    /// <summary>The directories whose name has this in it, such as a container's id; a runtime adds to the name, and lays others below.</summary>
    public static IReadOnlyList<string> Named(string part) =>
        [.. Hierarchies().SelectMany(Below).Where(cgroup => Path.GetFileName(cgroup).Contains(part, StringComparison.Ordinal))];

    /// <summary>The files of this name in a container's cgroups and below them.</summary>
    public static IReadOnlyList<string> Files(string containerId, string name) =>
        [.. Named(containerId).SelectMany(cgroup => Below(cgroup).Prepend(cgroup)).Distinct().Select(cgroup => Path.Combine(cgroup, name)).Where(File.Exists)];

    // Other tests' cgroups, and the rest of the machine's, go while the tree is walked.
    private static IEnumerable<string> Below(string directory)
    {
        string[] children;
        try
        {
            children = Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            return [];
        }

        return children.SelectMany(child => Below(child).Prepend(child));
    }
}
