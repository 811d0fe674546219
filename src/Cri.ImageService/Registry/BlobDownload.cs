using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// One download of one blob into a pipe, hashed as it passes. A connection that breaks or stands still is resumed where it
/// stopped, by a Range request, on whichever host answers. Use once.
/// </summary>
internal sealed class BlobDownload : IDisposable
{
    // So much progress between two breaks means the network is bad, not hopeless: the count of attempts starts anew.
    private const long GoodProgress = 1 << 20;
    private const int ChunkSize = 64 * 1024;

    private readonly RemoteRepository _repository;
    private readonly RegistryClient _client;
    private readonly ImageServiceOptions _options;
    private readonly Descriptor _blob;
    private readonly Action<long> _progress;
    private readonly IncrementalHash _hash;
    private long _received;

    /// <summary>A download of <paramref name="blob"/>; <paramref name="progress"/> is told how many bytes are here.</summary>
    internal BlobDownload(
        RemoteRepository repository, RegistryClient client, ImageServiceOptions options, Descriptor blob, Action<long> progress)
    {
        _repository = repository;
        _client = client;
        _options = options;
        _blob = blob;
        _progress = progress;
        _hash = blob.Digest.CreateHash();
    }

    /// <summary>Downloads everything into <paramref name="sink"/> and verifies size and digest. Returns false when the reader gave up.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: the content is not the blob. UNAVAILABLE: it broke off too often.</exception>
    internal async Task<bool> CopyToAsync(PipeWriter sink, CancellationToken cancellation)
    {
        var attempt = 1;
        while (_received < _blob.Size)
        {
            var before = _received;
            try
            {
                if (!await CopyOnceAsync(sink, cancellation))
                {
                    return false;
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
            {
                attempt = _received - before >= GoodProgress ? 1 : attempt + 1;
                if (attempt > _options.MaxAttempts)
                {
                    throw RegistryError.From($"blob {_blob.Digest}: broke off after {_received} of {_blob.Size} bytes", error);
                }

                await Task.Delay(_client.PauseBefore(attempt - 1), cancellation);
            }
        }

        Verify();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private async Task<bool> CopyOnceAsync(PipeWriter sink, CancellationToken cancellation)
    {
        var (host, response) = await _repository.OpenBlobAsync(_blob.Digest, _received, cancellation);
        using (response)
        {
            CheckLength(host.Name, response);
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            using var clock = new StallClock(_options.StallTimeout, cancellation);
            if (_received > 0 && response.StatusCode != HttpStatusCode.PartialContent)
            {
                await SkipAsync(body, _received, clock);
            }

            return await CopyBodyAsync(body, sink, clock, cancellation);
        }
    }

    private async Task<bool> CopyBodyAsync(Stream body, PipeWriter sink, StallClock clock, CancellationToken cancellation)
    {
        while (_received < _blob.Size)
        {
            var buffer = sink.GetMemory(ChunkSize);
            buffer = buffer[..(int)Math.Min(buffer.Length, _blob.Size - _received)];
            var count = await clock.ReadAsync(body, buffer);
            if (count == 0)
            {
                throw new IOException("the connection ended early");
            }

            _hash.AppendData(buffer.Span[..count]);
            _received += count;
            _progress(_received);
            sink.Advance(count);
            if ((await sink.FlushAsync(cancellation)).IsCompleted)
            {
                return false;
            }
        }

        return true;
    }

    // A registry that says beforehand that it has another length has another blob, and no retry cures that.
    private void CheckLength(string host, HttpResponseMessage response)
    {
        var isPart = response.StatusCode == HttpStatusCode.PartialContent;
        if (isPart && response.Content.Headers.ContentRange?.From is { } from && from != _received)
        {
            throw new IOException($"{host} answered from byte {from} when asked for {_received}");
        }

        var total = isPart ? response.Content.Headers.ContentRange?.Length : response.Content.Headers.ContentLength;
        if (total is { } length && length != _blob.Size)
        {
            throw Mismatch($"{host} has {length} bytes, the manifest says {_blob.Size}");
        }
    }

    private static async Task SkipAsync(Stream body, long count, StallClock clock)
    {
        var discarded = new byte[ChunkSize];
        while (count > 0)
        {
            var read = await clock.ReadAsync(body, discarded.AsMemory(0, (int)Math.Min(count, discarded.Length)));
            count -= read > 0 ? read : throw new IOException("the connection ended early");
        }
    }

    private void Verify()
    {
        if (_blob.Digest.Finish(_hash) is var actual && actual != _blob.Digest)
        {
            throw Mismatch($"digest mismatch: its content has digest {actual}");
        }
    }

    private ImageException Mismatch(string why) => new(StatusCode.FailedPrecondition, $"blob {_blob.Digest}: {why}");
}
