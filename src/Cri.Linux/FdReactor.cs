using System.Collections.Concurrent;

namespace Cri.Linux;

/// <summary>
/// Waits for many descriptors with one thread, so that reading a pipe does not hold a pool thread. The thread starts with the
/// first wait.
/// </summary>
#pragma warning disable CA1001 // it lives as long as the process
public sealed class FdReactor
{
    private static readonly Lock _making = new();
    private static FdReactor? _shared;
    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<long, TaskCompletionSource<bool>> _waits = new();
    private readonly ConcurrentDictionary<long, bool> _known = new();

    private FdReactor() => new Thread(Run, 128 << 10) { IsBackground = true, Name = "fd-reactor" }.Start();

    /// <summary>The reactor of this process. One that could not be made for want of descriptors is made by the next who asks.</summary>
    public static FdReactor Shared
    {
        get
        {
            lock (_making)
            {
                return _shared ??= new FdReactor();
            }
        }
    }

    /// <summary>
    /// Reads what a non-blocking descriptor has, waiting for it if need be. 0 at the end of the stream, and also once
    /// <see cref="Forget"/> was called or the token has ended a wait. One read or write at a time for each descriptor.
    /// </summary>
    public async Task<int> ReadAsync(Fd fd, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var count = fd.IsClosed ? 0 : FdStream.Read(fd, buffer.Span);
            if (count != FdStream.WouldBlock)
            {
                return count;
            }

            if (!await WaitAsync(fd, EpollEvents.Readable, cancellationToken))
            {
                return 0;
            }
        }
    }

    /// <summary>
    /// Writes everything to a non-blocking descriptor, waiting for room if need be. False when <see cref="Forget"/> or the
    /// token has ended a wait. Throws <see cref="LinuxException"/> with EPIPE when nobody reads any more.
    /// </summary>
    public async Task<bool> WriteAsync(Fd fd, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        while (!bytes.IsEmpty)
        {
            var count = FdStream.Write(fd, bytes.Span);
            if (count != FdStream.WouldBlock)
            {
                bytes = bytes[count..];
            }
            else if (!await WaitAsync(fd, EpollEvents.Writable, cancellationToken))
            {
                return false;
            }
        }

        return true;
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

    private async Task<bool> WaitAsync(Fd fd, EpollEvents events, CancellationToken cancellationToken)
    {
        var wait = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waits[fd.Number] = wait;
        try
        {
            if (_known.TryAdd(fd.Number, true))
            {
                _epoll.Add(fd, events | EpollEvents.OneShot, fd.Number);
            }
            else
            {
                _epoll.Modify(fd, events | EpollEvents.OneShot, fd.Number);
            }
        }
        catch
        {
            // Out of memory or watches: whoever gets the number next is to begin anew.
            _known.TryRemove(fd.Number, out _);
            _waits.TryRemove(KeyValuePair.Create((long)fd.Number, wait));
            throw;
        }

        // Registered after the wait, so that a token that ends at any moment finds it.
        using var end = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), wait);
        return await wait.Task;
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
