using Cri.Oci.Images;

namespace Cri.ImageService.Pull;

/// <summary>A layer to fetch.</summary>
/// <param name="Blob">Its compressed form in the registry.</param>
/// <param name="DiffId">The digest of its uncompressed tar.</param>
/// <param name="Progress">Where to say how far it is.</param>
internal sealed record LayerSource(Descriptor Blob, Digest DiffId, LayerMeter Progress);

/// <summary>Counts one layer's progress; read by anyone at any time.</summary>
internal sealed class LayerMeter(Descriptor blob)
{
    private long _received;
    private volatile bool _done;

    internal void Report(long received) => Interlocked.Exchange(ref _received, received);

    internal void Finish() => _done = true;

    internal LayerProgress Read() =>
        new(blob.Digest.ToString(), _done ? blob.Size : Interlocked.Read(ref _received), blob.Size, _done);
}
