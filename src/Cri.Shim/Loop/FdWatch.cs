using Cri.Linux;

namespace Cri.Shim.Loop;

/// <summary>Awaits that a descriptor becomes ready. At most one waiter in each direction.</summary>
internal sealed class FdWatch(EventLoop loop, Fd fd, long key) : IDisposable
{
    private TaskCompletionSource<bool>? _reader;
    private TaskCompletionSource<bool>? _writer;
    private bool _disposed;

    public Fd Fd => fd;

    public long Key => key;

    /// <summary>Completes with true when a read would not block, with false when the watch is disposed.</summary>
    public Task<bool> ReadableAsync() => WaitAsync(ref _reader);

    /// <summary>Completes with true when a write would not block, with false when the watch is disposed.</summary>
    public Task<bool> WritableAsync() => WaitAsync(ref _writer);

    /// <summary>Ends the watch; its waiters continue with false.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        loop.Forget(this);
        Take(ref _reader)?.SetResult(false);
        Take(ref _writer)?.SetResult(false);
    }

    internal void Signal(EpollEvents events)
    {
        var broken = (events & (EpollEvents.Error | EpollEvents.HangUp)) != 0;
        var reader = broken || events.HasFlag(EpollEvents.Readable) ? Take(ref _reader) : null;
        var writer = broken || events.HasFlag(EpollEvents.Writable) ? Take(ref _writer) : null;
        if (_reader is not null || _writer is not null)
        {
            Arm();
        }

        reader?.SetResult(true);
        writer?.SetResult(true);
    }

    private static TaskCompletionSource<bool>? Take(ref TaskCompletionSource<bool>? waiter)
    {
        var taken = waiter;
        waiter = null;
        return taken;
    }

    private Task<bool> WaitAsync(ref TaskCompletionSource<bool>? waiter)
    {
        if (_disposed)
        {
            return Task.FromResult(false);
        }

        waiter = new TaskCompletionSource<bool>();
        Arm();
        return waiter.Task;
    }

    private void Arm() => loop.Arm(
        this,
        (_reader is null ? EpollEvents.None : EpollEvents.Readable) | (_writer is null ? EpollEvents.None : EpollEvents.Writable));
}
