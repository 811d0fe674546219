using Cri.ImageService.Layers;

namespace Cri.ImageService.Pull;

/// <summary>Passes a stream on and writes down what passes.</summary>
internal sealed class KeepingStream(Stream source, KeptBlob kept) : ReadOnlyStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = source.Read(buffer);
        kept.Write(buffer[..count]);
        return count;
    }
}
