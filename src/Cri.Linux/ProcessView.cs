using System.Text;

namespace Cri.Linux;

/// <summary>A process as procfs shows it (proc(5)); what cannot be read, because it has ended, is empty.</summary>
public static class ProcessView
{
    /// <summary>The numbers of all processes now.</summary>
    public static IReadOnlyList<int> All() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0])).Select(name => int.Parse(name!))];

    /// <summary>Its arguments; none for a process in uninterruptible sleep, whose memory may be locked, so that reading them would wait for it.</summary>
    public static IReadOnlyList<string> Arguments(int pid) =>
        StuckProcess.StateOf(pid, pid) == 'D' ? [] : Read($"/proc/{pid}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>True when it finds the same directory at this path as we do, whatever its mount namespace and root directory are.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="directory">An absolute path without symbolic links.</param>
    public static bool Shares(int pid, string directory)
    {
        try
        {
            var ours = FileStatus.Of(directory);
            var theirs = FileStatus.Of($"/proc/{pid}/root{directory}");
            return ours is not null && theirs is not null && (ours.Device, ours.Inode) == (theirs.Device, theirs.Inode);
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static string Read(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(SmallFile.Read(path));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
