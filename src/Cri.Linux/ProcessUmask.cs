using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The permissions that are withheld from what this process and its children make (umask(2)).</summary>
public static partial class ProcessUmask
{
    private const string Key = "Umask:";

    /// <summary>The usual mask, 022: others may read and pass, and not write.</summary>
    public const int Usual = 0x12;

    /// <summary>The mask, read without changing it; all bits where the kernel does not say (before Linux 4.7).</summary>
    public static int Read()
    {
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is null ? 0x1FF : Convert.ToInt32(line[Key.Length..].Trim(), 8);
    }

    /// <summary>Sets the mask for all threads, so that what is made does not depend on who started us.</summary>
    public static void Set(int mask) => _ = Umask((uint)mask);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);
}
