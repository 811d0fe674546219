using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Executes programs that were assembled a moment ago, from files without a name that nobody can write to (memfd_create(2)).</summary>
public static partial class MemoryProgram
{
    private const int AddSeals = 1033;
    private const int SealAgainstChange = 0xf; // F_SEAL_SEAL, SHRINK, GROW, WRITE

    /// <summary>Starts the program, without an environment; returns its pid.</summary>
    /// <param name="name">Its name in the list of processes.</param>
    /// <param name="program">The executable.</param>
    /// <param name="descriptors">Descriptors to give it, its number to ours.</param>
    public static int Start(string name, ReadOnlySpan<byte> program, IReadOnlyDictionary<int, int> descriptors)
    {
        using var file = Seal(name, program);
        var options = new ChildProcessOptions
        {
            Path = $"/proc/self/fd/{file.Number}",
            Arguments = [name],
            Environment = [],

            // What it forks must not be in our process group for a moment: whoever ends that group would end us.
            NewSession = true,
            Descriptors = descriptors,
        };
        return ChildProcess.StartWhenFree(options);
    }

    private static Fd Seal(string name, ReadOnlySpan<byte> program)
    {
        using var writable = MemoryFile.Create(name, isSealable: true);
        FdStream.WriteAll(writable, program);
        LinuxException.Check(Fcntl(writable, AddSeals, SealAgainstChange), "fcntl F_ADD_SEALS");
        return PathFd.OpenRead($"/proc/self/fd/{writable.Number}");
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(Fd fd, int command, int argument);
}
