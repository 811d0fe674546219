namespace Cri.Streaming.Spdy;

/// <summary>
/// What a session may send (SPDY draft 3, section 2.6.8, and 3.1 for the session's window). Kubernetes' clients know no windows:
/// they neither keep to ours nor ever open theirs, and leave it to TCP. So a peer's windows bind us from its first word about
/// them (SETTINGS or WINDOW_UPDATE), with all that was sent before counted.
/// </summary>
internal sealed class FlowControl
{
    /// <summary>The window that a stream and a session begin with, in bytes.</summary>
    internal const int InitialWindow = 64 * 1024;

    private readonly Lock _gate = new();
    private TaskCompletionSource? _changed;
    private bool _streamsBound;
    private bool _sessionBound;
    private long _initial = InitialWindow;
    private long _session = InitialWindow;

    /// <summary>The window of one stream.</summary>
    internal sealed class Window
    {
        /// <summary>What was granted beyond the initial window, less what was sent.</summary>
        internal long Balance { get; set; }

        /// <summary>True once nothing may be sent any more.</summary>
        internal bool Closed { get; set; }
    }

    /// <summary>Takes from 1 to <paramref name="wanted"/> bytes; waits for the windows. 0 once the stream is closed.</summary>
    internal async ValueTask<int> TakeAsync(Window window, int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (window.Closed)
                {
                    return 0;
                }

                var allowed = Math.Min(
                    _streamsBound ? Math.Min(wanted, _initial + window.Balance) : wanted,
                    _sessionBound ? _session : long.MaxValue);
                if (allowed > 0)
                {
                    window.Balance -= allowed;
                    _session -= allowed;
                    return (int)allowed;
                }

                changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>WINDOW_UPDATE of a stream; false when the window would grow beyond 2^31 - 1.</summary>
    internal bool Grant(Window window, uint bytes)
    {
        lock (_gate)
        {
            _streamsBound = true;
            window.Balance += bytes;
            Wake();
            return _initial + window.Balance <= int.MaxValue;
        }
    }

    /// <summary>WINDOW_UPDATE of the session; false when the window would grow beyond 2^31 - 1.</summary>
    internal bool GrantSession(uint bytes)
    {
        lock (_gate)
        {
            _sessionBound = true;
            _session += bytes;
            Wake();
            return _session <= int.MaxValue;
        }
    }

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE.</summary>
    internal void SetInitial(uint bytes)
    {
        lock (_gate)
        {
            _streamsBound = true;
            _initial = bytes;
            Wake();
        }
    }

    /// <summary>Nothing more may be sent on a stream; those that wait for its window are let go.</summary>
    internal void Close(Window window)
    {
        lock (_gate)
        {
            window.Closed = true;
            Wake();
        }
    }

    private void Wake()
    {
        _changed?.TrySetResult();
        _changed = null;
    }
}
