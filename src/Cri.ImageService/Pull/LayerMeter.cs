using Cri.Oci.Images;

namespace Cri.ImageService.Pull;

/// <summary>Counts one layer's progress; read by anyone at any time.</summary>
internal sealed class LayerMeter(Descriptor blob)
{
    private long _received;
    private volatile bool _done;
    private volatile Func<LayerMeter?>? _other;

    /// <summary>So many bytes are here.</summary>
    internal void Report(long received) => Interlocked.Exchange(ref _received, received);

    /// <summary>Another pull brings the layer: until this one does, its progress is what counts.</summary>
    internal void Follow(Func<LayerMeter?> other) => _other = other;

    /// <summary>The layer is held.</summary>
    internal void Finish() => _done = true;

    internal LayerProgress Read()
    {
        var received = Interlocked.Read(ref _received);
        if (_done)
        {
            return Say(blob.Size, received == blob.Size ? LayerState.Done : LayerState.Present);
        }

        if (received == 0 && _other?.Invoke() is { } other && other != this)
        {
            received = Math.Min(Interlocked.Read(ref other._received), blob.Size);
        }

        return Say(received, received == 0 ? LayerState.Waiting : received < blob.Size ? LayerState.Downloading : LayerState.Extracting);
    }

    private LayerProgress Say(long received, LayerState state) => new(blob.Digest.ToString(), received, blob.Size, state);
}
