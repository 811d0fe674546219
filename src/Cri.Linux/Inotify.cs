using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>What happened in a watched directory or to a watched file (inotify(7)).</summary>
[Flags]
public enum InotifyEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The content of a file changed (IN_MODIFY).</summary>
    Modified = 0x2,

    /// <summary>An entry's metadata changed (IN_ATTRIB).</summary>
    AttributesChanged = 0x4,

    /// <summary>A file that was open for writing was closed (IN_CLOSE_WRITE).</summary>
    ClosedAfterWrite = 0x8,

    /// <summary>An entry was moved out (IN_MOVED_FROM).</summary>
    MovedOut = 0x40,

    /// <summary>An entry was moved in (IN_MOVED_TO).</summary>
    MovedIn = 0x80,

    /// <summary>An entry was made (IN_CREATE).</summary>
    Created = 0x100,

    /// <summary>An entry was removed (IN_DELETE).</summary>
    Deleted = 0x200,

    /// <summary>The directory itself was removed (IN_DELETE_SELF).</summary>
    SelfDeleted = 0x400,

    /// <summary>The directory itself was moved (IN_MOVE_SELF).</summary>
    SelfMoved = 0x800,

    /// <summary>The file system was unmounted; only found, never asked for (IN_UNMOUNT).</summary>
    Unmounted = 0x2000,

    /// <summary>Events were lost because too many were waiting; only found, never asked for (IN_Q_OVERFLOW).</summary>
    Overflow = 0x4000,

    /// <summary>The watch is gone; only found, never asked for (IN_IGNORED).</summary>
    WatchRemoved = 0x8000,
}

/// <summary>One event.</summary>
/// <param name="Watch">The watch it belongs to, -1 for an overflow.</param>
/// <param name="Events">What happened.</param>
/// <param name="Name">The entry it happened to; "" for the directory itself.</param>
public readonly record struct InotifyEvent(int Watch, InotifyEvents Events, string Name);

/// <summary>A set of watches on directories and files (inotify(7)). Not for use by several threads at once.</summary>
public sealed partial class Inotify : IDisposable
{
    private const int NonBlock = 0x800;
    private const int CloseOnExec = 0x80000;
    private const uint OnlyDirectories = 0x1000000;

    // struct inotify_event: int wd, uint32 mask, uint32 cookie, uint32 len, then the name padded with zeros to len.
    private const int HeaderSize = 16;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly Fd _fd;

    /// <summary>Makes an empty set. Throws EMFILE when the user has too many (fs.inotify.max_user_instances).</summary>
    public Inotify() => _fd = new Fd(LinuxException.Check(Init(NonBlock | CloseOnExec), "inotify_init1"));

    /// <summary>The descriptor, readable when there are events.</summary>
    public Fd Descriptor => _fd;

    /// <summary>
    /// Watches a directory, following symbolic links, and returns the watch's number: the same one for the same directory. Null when it is
    /// not there or is no directory. Throws ENOSPC when the user has too many watches (fs.inotify.max_user_watches).
    /// </summary>
    public int? Watch(string directory, InotifyEvents events)
    {
        var watch = AddWatch(_fd.Number, directory, (uint)events | OnlyDirectories);
        if (watch >= 0)
        {
            return watch;
        }

        var error = LinuxException.FromLast("inotify_add_watch", directory);
        return error.Error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? null : throw error;
    }

    /// <summary>
    /// Watches one file, following symbolic links, and returns the watch's number; null when it is not there. Throws ENOSPC when
    /// the user has too many watches.
    /// </summary>
    public int? WatchFile(string path, InotifyEvents events)
    {
        var watch = AddWatch(_fd.Number, path, (uint)events);
        if (watch >= 0)
        {
            return watch;
        }

        var error = LinuxException.FromLast("inotify_add_watch", path);
        return error.Error == Errno.ENOENT ? null : throw error;
    }

    /// <summary>Ends a watch; one that has ended by itself is no error.</summary>
    public void Unwatch(int watch) => RemoveWatch(_fd.Number, watch);

    /// <summary>The events that are waiting, without blocking; empty when there are none.</summary>
    public IReadOnlyList<InotifyEvent> Read()
    {
        var events = new List<InotifyEvent>();
        for (var length = ReadBuffer(); length > 0; length = ReadBuffer())
        {
            for (var at = 0; at < length;)
            {
                var header = MemoryMarshal.Cast<byte, uint>(_buffer.AsSpan(at, HeaderSize));
                var name = _buffer.AsSpan(at + HeaderSize, (int)header[3]);
                events.Add(new InotifyEvent((int)header[0], (InotifyEvents)header[1], Encoding.UTF8.GetString(name.TrimEnd((byte)0))));
                at += HeaderSize + name.Length;
            }
        }

        return events;
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private unsafe int ReadBuffer()
    {
        fixed (byte* buffer = _buffer)
        {
            var length = (int)ReadCall(_fd.Number, buffer, (nuint)_buffer.Length);
            var again = length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR;
            return again ? 0 : LinuxException.Check(length, "read", "inotify");
        }
    }

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(int fd, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RemoveWatch(int fd, int watch);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint ReadCall(int fd, byte* buffer, nuint count);
}
