using System.IO.Pipelines;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>Layers that lie on this machine: in an OCI layout or an archive.</summary>
/// <param name="open">Opens one of them at its start; the stream is disposed of here. Called from several threads.</param>
internal sealed class LocalOrigin(Func<Descriptor, Stream> open) : ILayerOrigin
{
    private const int ChunkSize = 256 * 1024;

    /// <inheritdoc/>
    public async Task CopyAsync(Descriptor blob, PipeWriter sink, Action<long> progress, CancellationToken cancellation)
    {
        await using var source = open(blob);
        using var hash = blob.Digest.CreateHash();
        var received = 0L;
        while (true)
        {
            var buffer = sink.GetMemory(ChunkSize);
            var count = await source.ReadAsync(buffer, cancellation);
            if (count == 0)
            {
                break;
            }

            hash.AppendData(buffer.Span[..count]);
            received += count;
            if (received > blob.Size)
            {
                throw Mismatch(blob, $"it has more than the {blob.Size} bytes that the manifest says");
            }

            progress(received);
            sink.Advance(count);
            if ((await sink.FlushAsync(cancellation)).IsCompleted)
            {
                return;
            }
        }

        if (received != blob.Size)
        {
            throw Mismatch(blob, $"it has {received} bytes, the manifest says {blob.Size}");
        }

        if (blob.Digest.Finish(hash) is var actual && actual != blob.Digest)
        {
            throw Mismatch(blob, $"digest mismatch: its content has digest {actual}");
        }
    }

    private static ImageException Mismatch(Descriptor blob, string why) =>
        new(StatusCode.FailedPrecondition, $"blob {blob.Digest}: {why}");
}
