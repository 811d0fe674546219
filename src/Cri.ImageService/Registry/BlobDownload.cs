using System.Diagnostics;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// One download of one blob into a pipe, in order, hashed as it passes. It comes over one connection, resumed where it broke,
/// and of a large blob parts come before their turn over others, while the network is slower than the pipe's reader. Use once.
/// </summary>
internal sealed class BlobDownload : IDisposable
{
    private const int ChunkSize = 64 * 1024;

    private readonly BlobSource _source;
    private readonly Descriptor _blob;
    private readonly Action<long> _progress;
    private readonly IncrementalHash _hash;
    private BlobRange? _main;
    private long _received;

    /// <summary>A download of <paramref name="blob"/>; <paramref name="progress"/> is told how many bytes are here.</summary>
    internal BlobDownload(
        RemoteRepository repository, RegistryClient client, ImageServiceOptions options, Descriptor blob, Action<long> progress)
    {
        _source = new BlobSource(repository, client, options, blob);
        _blob = blob;
        _progress = progress;
        _hash = blob.Digest.CreateHash();
    }

    /// <summary>Downloads everything into <paramref name="sink"/> and verifies size and digest. Returns false when the reader gave up.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: the content is not the blob. UNAVAILABLE: it broke off too often.</exception>
    internal async Task<bool> CopyToAsync(PipeWriter sink, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        await using var ahead = new ReadAhead(_source, cancellation);
        while (_received < _blob.Size)
        {
            var goesOn = ahead.PartAt(_received) is { } part
                ? await CopyPartAsync(part, ahead, sink, cancellation)
                : await CopyMainAsync(ahead, sink, cancellation);
            if (!goesOn)
            {
                return false;
            }
        }

        Verify();
        _source.Metrics.CountBlob(_source.Hosts(1).Current.Name, Stopwatch.GetElapsedTime(since));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _main?.Dispose();
        _hash.Dispose();
    }

    private async Task<bool> CopyMainAsync(ReadAhead ahead, PipeWriter sink, CancellationToken cancellation)
    {
        var buffer = sink.GetMemory(ChunkSize);
        if (ahead.Claim(_received, buffer.Length) is not (> 0 and var room))
        {
            // A part has just come that begins here.
            return true;
        }

        _main ??= new BlobRange(_source, _received, _blob.Size);
        var count = await _main.ReadAsync(buffer[..room], cancellation);
        return await PassAsync(buffer[..count], ahead, sink, cancellation);
    }

    private async Task<bool> CopyPartAsync(BlobPart part, ReadAhead ahead, PipeWriter sink, CancellationToken cancellation)
    {
        // The main stream is where the parts begin: they go on from here.
        _main?.Dispose();
        _main = null;
        while (await part.ReadAsync((int)(_received - part.Start), cancellation) is { Length: > 0 } there)
        {
            var buffer = sink.GetMemory(ChunkSize);
            var count = Math.Min(there.Length, buffer.Length);
            there[..count].CopyTo(buffer);
            if (!await PassAsync(buffer[..count], ahead, sink, cancellation))
            {
                return false;
            }
        }

        ahead.Remove(part);
        return true;
    }

    private async ValueTask<bool> PassAsync(ReadOnlyMemory<byte> bytes, ReadAhead ahead, PipeWriter sink, CancellationToken cancellation)
    {
        _hash.AppendData(bytes.Span);
        _received += bytes.Length;
        _progress(_received);
        sink.Advance(bytes.Length);
        var flush = sink.FlushAsync(cancellation);
        var since = flush.IsCompleted ? 0 : Stopwatch.GetTimestamp();
        var isCompleted = (await flush).IsCompleted;
        ahead.Observe(since == 0 ? 0 : Stopwatch.GetTimestamp() - since);
        return !isCompleted;
    }

    private void Verify()
    {
        if (_blob.Digest.Finish(_hash) is var actual && actual != _blob.Digest)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"blob {_blob.Digest}: digest mismatch: its content has digest {actual}");
        }
    }
}
