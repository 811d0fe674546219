using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>Overlay mounts with more lower directories than fit into the one page of options that mount(2) takes.</summary>
internal static partial class OverlayMount
{
    private const string Lower = "lowerdir=";
    private const int CloneFs = 0x200;

    /// <summary>
    /// Mounts from a thread whose working directory is its own: first with names relative to the directory that all lower
    /// ones share, and where even those are too long, with the numbers of descriptors under /proc/self/fd.
    /// </summary>
    public static void MakeShortened(string source, string target, MountOptions options, int maxData)
    {
        var lowers = Split(options.Data.Single(option => option.StartsWith(Lower, StringComparison.Ordinal))[Lower.Length..]);
        var others = options.Data.Where(option => !option.StartsWith(Lower, StringComparison.Ordinal)).ToList();
        var (directory, names) = Relative(lowers);
        var data = Join(names, others);
        if (data.Length <= maxData)
        {
            OwnThread.Run(() => MakeIn(directory, source, target, options.Flags, data));
            return;
        }

        var descriptors = lowers.Select(lower => PathFd.OpenDirectory(Unescape(lower))).ToList();
        try
        {
            data = Join(descriptors.Select(fd => $"{fd.Number}"), others);
            OwnThread.Run(() => MakeIn("/proc/self/fd", source, target, options.Flags, data));
        }
        finally
        {
            descriptors.ForEach(fd => fd.Dispose());
        }
    }

    private static void MakeIn(string directory, string source, string target, MountFlags flags, string data)
    {
        LinuxException.Check(Unshare(CloneFs), "unshare CLONE_FS");
        LinuxException.Check(ChangeDirectory(directory), "chdir", directory);
        Mount.Call(source, target, "overlay", flags, data);
    }

    private static string Join(IEnumerable<string> lowers, List<string> others) =>
        string.Join(',', [Lower + string.Join(':', lowers), .. others]);

    private static (string Directory, IEnumerable<string> Names) Relative(List<string> lowers)
    {
        var shared = lowers[0].LastIndexOf('/') + 1;
        foreach (var lower in lowers)
        {
            while (string.CompareOrdinal(lower, 0, lowers[0], 0, shared) != 0)
            {
                shared = lowers[0].LastIndexOf('/', shared - 2) + 1;
            }
        }

        return (Unescape(lowers[0][..shared]), lowers.Select(lower => lower[shared..]));
    }

    // Colons part the directories unless a backslash precedes them (the kernel's overlayfs documentation).
    private static List<string> Split(string lowerDirs)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < lowerDirs.Length; i++)
        {
            if (lowerDirs[i] == '\\')
            {
                i++;
            }
            else if (lowerDirs[i] == ':')
            {
                parts.Add(lowerDirs[start..i]);
                start = i + 1;
            }
        }

        parts.Add(lowerDirs[start..]);
        return parts;
    }

    private static string Unescape(string path)
    {
        var plain = new StringBuilder(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            plain.Append(path[i] == '\\' && i + 1 < path.Length ? path[++i] : path[i]);
        }

        return plain.ToString();
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeDirectory(string path);
}
