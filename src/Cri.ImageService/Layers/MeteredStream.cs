namespace Cri.ImageService.Layers;

/// <summary>Passes a layer's archive on and counts its bytes.</summary>
internal sealed class MeteredStream(Stream archive, UnpackMeter meter) : ReadOnlyStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = archive.Read(buffer);
        meter.AddBytes(count);
        return count;
    }
}
