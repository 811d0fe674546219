using System.Net;
using Cri.ImageService.Hosts;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// The bytes of a blob from one offset to another, read in order over as many connections as it takes: what breaks or stands
/// still is asked for again from where it stopped, on the same host while it delivers, else on the next. For one reader.
/// </summary>
internal sealed class BlobRange : IDisposable
{
    // So much between two breaks is progress, for a large blob and for a small one; a host that drips does not count.
    private const int ProgressMax = 64 * 1024;
    private const int ProgressParts = 256;
    private const int SkipSize = 64 * 1024;

    private readonly BlobSource _source;
    private readonly HostRotation _hosts;
    private readonly long _end;
    private readonly long _progress;
    private readonly bool _rangesOnly;
    private RegistryHost? _leased;
    private IDisposable? _lease;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private StallClock? _clock;
    private long _delivered;

    /// <summary>
    /// The bytes from <paramref name="from"/> to before <paramref name="end"/>. A host that knows no ranges begins at 0, and what
    /// is not wanted is passed over; with <paramref name="rangesOnly"/> it is not asked further, and without progress each host
    /// is asked once: somebody else then brings the rest.
    /// </summary>
    internal BlobRange(BlobSource source, long from, long end, bool rangesOnly = false)
    {
        (_source, _rangesOnly) = (source, rangesOnly);
        _hosts = source.Hosts(rangesOnly ? 1 : source.Options.MaxAttempts);
        (Position, _end) = (from, end);
        _progress = Math.Clamp(source.Blob.Size / ProgressParts, 1, ProgressMax);
    }

    /// <summary>The offset of the next byte.</summary>
    internal long Position { get; private set; }

    /// <summary>The host that is read from, or asked next.</summary>
    internal RegistryHost Host => _hosts.Current;

    /// <summary>Takes a connection for the first host if there is one now.</summary>
    internal bool TryReserve()
    {
        _leased = Host;
        return (_lease = _source.Budget.TryEnter(_leased.Name)) is not null;
    }

    /// <summary>Waits until a host answers.</summary>
    /// <exception cref="ImageException">None does.</exception>
    internal Task OpenAsync(CancellationToken cancellation) => RetryAsync(
        async () =>
        {
            await ConnectAsync(cancellation);
            return 0;
        },
        cancellation);

    /// <summary>The next bytes, at least one. Not to be called at the end.</summary>
    /// <exception cref="ImageException">No host delivers them any more.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, _end - Position)];
        return await RetryAsync(() => ReadOnceAsync(buffer, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        _lease?.Dispose();
    }

    private async Task<T> RetryAsync<T>(Func<Task<T>> act, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await act();
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException or ImageException)
            {
                Close();
                await FailAsync(error, cancellation);
            }
        }
    }

    private async Task<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        await ConnectAsync(cancellation);
        var count = await _clock!.ReadAsync(_body!, buffer);
        if (count == 0)
        {
            throw new IOException("the connection ended early");
        }

        Position += count;
        Deliver(count);
        return count;
    }

    private void Deliver(int count)
    {
        _source.Metrics.CountBytes(Host.Name, count);
        if (_delivered < _progress && (_delivered += count) >= _progress)
        {
            _hosts.Progressed();
            _source.Note(Host, works: true);
        }
    }

    private async Task FailAsync(Exception error, CancellationToken cancellation)
    {
        var host = Host;
        var failure = error as ImageException ?? RegistryError.From(host.Name, error);
        if (_delivered < _progress)
        {
            _source.Note(host, works: failure.StatusCode != StatusCode.Unavailable);
        }

        _delivered = 0;
        try
        {
            await _hosts.FailedAsync(failure, cancellation);
        }
        catch (ImageException final)
        {
            throw final.During($"blob {_source.Blob.Digest}: at byte {Position} of {_source.Blob.Size}");
        }
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        if (_body is not null)
        {
            return;
        }

        await LeaseAsync(cancellation);
        _response = await _source.OpenAsync(Host, Position, _end < _source.Blob.Size ? _end : null, cancellation);
        _body = await _response.Content.ReadAsStreamAsync(cancellation);
        _clock = new StallClock(_source.Options.StallTimeout, _source.Options.MinBytesPerSecond, cancellation);
        if (_response.StatusCode != HttpStatusCode.PartialContent)
        {
            await (_rangesOnly ? throw new ImageException(StatusCode.FailedPrecondition, $"{Host.Name} knows no ranges") : SkipAsync(Position));
        }
    }

    private async Task LeaseAsync(CancellationToken cancellation)
    {
        if (_lease is null || _leased != Host)
        {
            _lease?.Dispose();
            _lease = null;
            _leased = Host;
            _lease = await _source.Budget.EnterAsync(Host.Name, cancellation);
        }
    }

    private async Task SkipAsync(long count)
    {
        var discarded = count > 0 ? new byte[SkipSize] : [];
        while (count > 0)
        {
            var read = await _clock!.ReadAsync(_body!, discarded.AsMemory(0, (int)Math.Min(count, discarded.Length)));
            count -= read > 0 ? read : throw new IOException("the connection ended early");
        }
    }

    private void Close()
    {
        _clock?.Dispose();
        _body?.Dispose();
        _response?.Dispose();
        (_clock, _body, _response) = (null, null, null);
    }
}
