using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// The terminal that the process's user sits at, in raw mode: each key comes at once and as it is, Ctrl-C too (termios(3)).
/// Its former mode comes back with Dispose, at the end of the process and before a signal ends it.
/// </summary>
public sealed unsafe partial class RawTerminal : IDisposable
{
    private const ulong GetWindowSize = 0x5413;

    // tcsetattr: at once, as what waits to be read is for the program in the container.
    private const int Now = 0;

    // struct termios has 60 bytes in glibc and musl.
    private const int StateSize = 128;

    private static readonly PosixSignal[] _endings = [PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM];

    private readonly int _descriptor;
    private readonly byte[] _former;
    private readonly PosixSignalRegistration[] _signals;

    /// <summary>Puts a terminal into raw mode.</summary>
    /// <param name="descriptor">Open on it; must stay open.</param>
    /// <exception cref="LinuxException">It is no terminal (ENOTTY), or has hung up (EIO).</exception>
    public RawTerminal(int descriptor)
    {
        _descriptor = descriptor;
        _former = State(descriptor);
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _signals = [.. _endings.Select(signal => PosixSignalRegistration.Create(signal, _ => Restore()))];
        try
        {
            MakeRaw();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>True when a descriptor is open on a terminal (isatty(3)).</summary>
    public static bool IsTerminal(int descriptor) => IsATty(descriptor) == 1;

    /// <summary>A terminal's size, characters; null when it has none, or the descriptor is not open on one.</summary>
    public static (ushort Columns, ushort Rows)? SizeOf(int descriptor)
    {
        var size = stackalloc ushort[4];
        return Ioctl(descriptor, GetWindowSize, size) == 0 && size[0] > 0 && size[1] > 0 ? (size[1], size[0]) : null;
    }

    /// <summary>Gives the terminal its former mode.</summary>
    public void Dispose()
    {
        Restore();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
    }

    private static byte[] State(int descriptor)
    {
        var state = new byte[StateSize];
        fixed (byte* bytes = state)
        {
            LinuxException.Check(GetAttributes(descriptor, bytes), "tcgetattr", $"fd {descriptor}");
        }

        return state;
    }

    private void MakeRaw()
    {
        var raw = (byte[])_former.Clone();
        fixed (byte* bytes = raw)
        {
            MakeRaw(bytes);
            LinuxException.Check(SetAttributes(_descriptor, Now, bytes), "tcsetattr", $"fd {_descriptor}");
        }
    }

    private void OnExit(object? sender, EventArgs e) => Restore();

    // A terminal that has hung up has no mode to restore.
    private void Restore()
    {
        fixed (byte* bytes = _former)
        {
            SetAttributes(_descriptor, Now, bytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsATty(int fd);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int fd, byte* state);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int fd, int when, byte* state);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* state);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, ulong request, ushort* size);
}
