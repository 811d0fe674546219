using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>A pipe (pipe(2)); both ends are close-on-exec.</summary>
/// <param name="Reader">The end to read from.</param>
/// <param name="Writer">The end to write to.</param>
public sealed partial record Pipe(Fd Reader, Fd Writer) : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlock = 0x800;

    /// <summary>Makes a pipe; with <paramref name="nonBlocking"/> both ends are non-blocking.</summary>
    public static unsafe Pipe Create(bool nonBlocking = false)
    {
        var ends = stackalloc int[2];
        LinuxException.Check(Pipe2(ends, CloseOnExec | (nonBlocking ? NonBlock : 0)), "pipe2");
        return new Pipe(new Fd(ends[0]), new Fd(ends[1]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader.Dispose();
        Writer.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static unsafe partial int Pipe2(int* ends, int flags);
}
