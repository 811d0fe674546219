namespace Cri.Testing;

/// <summary>A root file system of nothing but busybox, for containers that are made without an image.</summary>
public static class BusyboxTree
{
    /// <summary>Makes it, or what is missing of it: others may be at it at the same time, or run it.</summary>
    /// <param name="root">Where.</param>
    /// <param name="directories">The directories at its top beside <c>bin</c>.</param>
    /// <param name="applets">The programs, with a blank between two.</param>
    /// <returns><paramref name="root"/>.</returns>
    public static string Make(string root, string[] directories, string applets)
    {
        foreach (var name in directories.Append("bin"))
        {
            Directory.CreateDirectory(Path.Combine(root, name));
        }

        // A container of an earlier run that was killed may still run it: that one cannot be written to.
        var busybox = Path.Combine(root, "bin", "busybox");
        if (!File.Exists(busybox))
        {
            var copy = $"{busybox}.{Guid.NewGuid():N}";
            File.Copy("/bin/busybox", copy);
            File.Move(copy, busybox, overwrite: true);
        }

        foreach (var applet in applets.Split(' '))
        {
            var link = Path.Combine(root, "bin", applet);
            if (!Path.Exists(link))
            {
                File.CreateSymbolicLink(link, "busybox");
            }
        }

        return root;
    }
}
