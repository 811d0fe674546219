using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>What an epoll set reports about a descriptor (epoll_ctl(2)).</summary>
[Flags]
public enum EpollEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>There is something to read.</summary>
    Readable = 1,

    /// <summary>There is room to write.</summary>
    Writable = 4,

    /// <summary>An error is pending; always reported.</summary>
    Error = 8,

    /// <summary>The other end is closed; always reported.</summary>
    HangUp = 0x10,

    /// <summary>Report once, then wait to be armed again.</summary>
    OneShot = 1u << 30,
}

/// <summary>An epoll set (epoll(7)), not thread-safe.</summary>
public sealed unsafe partial class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int AddOperation = 1;
    private const int DeleteOperation = 2;
    private const int ModifyOperation = 3;
    private const int Capacity = 32;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int _dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int _eventSize = _dataOffset + 8;

    private readonly Fd _set = new(LinuxException.Check(EpollCreate1(CloseOnExec), "epoll_create1"));
    private readonly byte[] _events = new byte[Capacity * _eventSize];

    /// <summary>Adds a descriptor; <paramref name="key"/> comes back with its events.</summary>
    public void Add(Fd fd, EpollEvents events, long key) => Control(AddOperation, fd, events, key);

    /// <summary>Changes what is reported of a descriptor, and arms a one-shot anew.</summary>
    public void Modify(Fd fd, EpollEvents events, long key) => Control(ModifyOperation, fd, events, key);

    /// <summary>Removes a descriptor.</summary>
    public void Remove(Fd fd) => Control(DeleteOperation, fd, EpollEvents.None, 0);

    /// <summary>Waits for events and hands each to <paramref name="receiver"/>; false when the time was over before there was any.</summary>
    /// <param name="timeout">Milliseconds; -1 for ever.</param>
    /// <param name="receiver">Takes the key and what happened.</param>
    public bool Wait(int timeout, Action<long, EpollEvents> receiver)
    {
        int count;
        fixed (byte* events = _events)
        {
            count = EpollWait(_set.Number, events, Capacity, timeout);
        }

        if (count < 0 && Marshal.GetLastPInvokeError() != (int)Errno.EINTR)
        {
            throw LinuxException.FromLast("epoll_wait");
        }

        for (var i = 0; i < count; i++)
        {
            var entry = _events.AsSpan(i * _eventSize, _eventSize);
            var key = BinaryPrimitives.ReadInt64LittleEndian(entry[_dataOffset..]);
            receiver(key, (EpollEvents)BinaryPrimitives.ReadUInt32LittleEndian(entry));
        }

        return count != 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _set.Dispose();

    private void Control(int operation, Fd fd, EpollEvents events, long key)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = (uint)events;
        *(long*)(entry + _dataOffset) = key;
        LinuxException.Check(EpollCtl(_set.Number, operation, fd.Number, entry), "epoll_ctl", $"fd {fd.Number}");
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate1(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollCtl(int set, int operation, int fd, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(int set, byte* events, int capacity, int timeout);
}
