using System.Collections.Concurrent;

namespace Cri.Linux;

/// <summary>
/// Waits for many descriptors with one thread, so that reading a pipe does not hold a pool thread. The thread starts with the
/// first wait.
/// </summary>
#pragma warning disable CA1001 // it lives as long as the process
public sealed class FdReactor
{
    private static readonly Lazy<FdReactor> _shared = new(() => new FdReactor());
    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<long, TaskCompletionSource<bool>> _waits = new();
    private readonly ConcurrentDictionary<long, bool> _known = new();

    private FdReactor() => new Thread(Run, 128 << 10) { IsBackground = true, Name = "fd-reactor" }.Start();

    /// <summary>The reactor of this process.</summary>
    public static FdReactor Shared => _shared.Value;

    /// <summary>
    /// Reads what a non-blocking descriptor has, waiting for it if need be. 0 at the end of the stream, and also once
    /// <see cref="Forget"/> was called. One read at a time for each descriptor.
    /// </summary>
    public async Task<int> ReadAsync(Fd fd, Memory<byte> buffer)
    {
        while (true)
        {
            var count = fd.IsClosed ? 0 : FdStream.Read(fd, buffer.Span);
            if (count != FdStream.WouldBlock)
            {
                return count;
            }

            if (!await WaitAsync(fd))
            {
                return 0;
            }
        }
    }

    /// <summary>Ends a wait on the descriptor and lets go of it; to be called before it is closed.</summary>
    public void Forget(Fd fd)
    {
        if (_known.TryRemove(fd.Number, out _))
        {
            _epoll.Remove(fd);
        }

        if (_waits.TryRemove(fd.Number, out var wait))
        {
            wait.TrySetResult(false);
        }
    }

    private Task<bool> WaitAsync(Fd fd)
    {
        var wait = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waits[fd.Number] = wait;
        if (_known.TryAdd(fd.Number, true))
        {
            _epoll.Add(fd, EpollEvents.Readable | EpollEvents.OneShot, fd.Number);
        }
        else
        {
            _epoll.Modify(fd, EpollEvents.Readable | EpollEvents.OneShot, fd.Number);
        }

        return wait.Task;
    }

    private void Run()
    {
        while (true)
        {
            _epoll.Wait(-1, Wake);
        }
    }

    private void Wake(long key, EpollEvents events)
    {
        if (_waits.TryRemove(key, out var wait))
        {
            wait.TrySetResult(true);
        }
    }
}
