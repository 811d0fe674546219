using System.Collections.Concurrent;

namespace Cri.ImageService.Registry;

/// <summary>
/// What all pulls together may use: connections that blobs come over, in all and to each host, and memory for parts of blobs
/// that came before their turn. A lease is given back by disposing it. Safe for several threads.
/// </summary>
internal sealed class TransferBudget(ImageServiceOptions options)
{
    /// <summary>The size in bytes of a part that is fetched before its turn.</summary>
    internal const int PartSize = 4 << 20;

    // The name, which no host has, under which the connections to all hosts are counted.
    private const string Total = "";

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _places = new();
    private readonly ConcurrentBag<byte[]> _spare = [];
    private readonly int _partMax = (int)Math.Min(int.MaxValue, options.DownloadMemory / PartSize);
    private int _parts;

    /// <summary>A connection to a host, as soon as there is one.</summary>
    internal async Task<IDisposable> EnterAsync(string host, CancellationToken cancellation)
    {
        var (places, total) = (Places(host), Places(Total));
        await places.WaitAsync(cancellation);
        try
        {
            await total.WaitAsync(cancellation);
            return new Connection(places, total);
        }
        catch
        {
            places.Release();
            throw;
        }
    }

    /// <summary>A connection to a host if there is one now.</summary>
    internal IDisposable? TryEnter(string host)
    {
        var (places, total) = (Places(host), Places(Total));
        if (!places.Wait(0, CancellationToken.None))
        {
            return null;
        }

        if (total.Wait(0, CancellationToken.None))
        {
            return new Connection(places, total);
        }

        places.Release();
        return null;
    }

    /// <summary>Memory for one part if there is some now; it goes back by <see cref="Return"/>.</summary>
    internal byte[]? TryRent()
    {
        if (Interlocked.Increment(ref _parts) <= _partMax)
        {
            return _spare.TryTake(out var spare) ? spare : GC.AllocateUninitializedArray<byte>(PartSize);
        }

        Interlocked.Decrement(ref _parts);
        return null;
    }

    /// <summary>Gives back what <see cref="TryRent"/> gave. The memory itself goes when nobody rents any.</summary>
    internal void Return(byte[] part)
    {
        _spare.Add(part);
        if (Interlocked.Decrement(ref _parts) == 0)
        {
            _spare.Clear();
        }
    }

    private SemaphoreSlim Places(string host) => _places.GetOrAdd(
        host,
        static (name, options) => new SemaphoreSlim(Math.Max(1, name == Total ? options.MaxConnections : options.MaxConnectionsPerHost)),
        options);

    private sealed class Connection(SemaphoreSlim host, SemaphoreSlim total) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                total.Release();
                host.Release();
            }
        }
    }
}
