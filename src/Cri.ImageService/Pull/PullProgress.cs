namespace Cri.ImageService.Pull;

/// <summary>How far a pull is, at one moment.</summary>
/// <param name="Reference">The complete name.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Layers">Each layer of the image, bottom first; empty while the name is being resolved.</param>
public sealed record PullProgress(string Reference, DateTimeOffset StartedAt, IReadOnlyList<LayerProgress> Layers)
{
    /// <summary>Compressed bytes that are here.</summary>
    public long BytesDone => Layers.Sum(layer => layer.BytesDone);

    /// <summary>Compressed bytes in all.</summary>
    public long BytesTotal => Layers.Sum(layer => layer.BytesTotal);
}

/// <summary>How far one layer of a pull is.</summary>
/// <param name="Digest">The digest of the compressed layer.</param>
/// <param name="BytesDone">Compressed bytes that are here.</param>
/// <param name="BytesTotal">Compressed bytes in all.</param>
/// <param name="State">What happens to it.</param>
public sealed record LayerProgress(string Digest, long BytesDone, long BytesTotal, LayerState State)
{
    /// <summary>True when it is extracted and durable, or was here before.</summary>
    public bool Done => State is LayerState.Done or LayerState.Present;
}
