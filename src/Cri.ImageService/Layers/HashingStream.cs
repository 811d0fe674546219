using System.Security.Cryptography;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>Passes a stream on and hashes what passes, to verify a diff ID in the same pass that extracts.</summary>
internal sealed class HashingStream(Stream source, Digest expected) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = expected.CreateHash();

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = source.Read(buffer);
        _hash.AppendData(buffer[..count]);
        return count;
    }

    /// <summary>Reads what is left, and returns the digest of everything. Once only.</summary>
    internal Digest Finish()
    {
        var rest = new byte[64 * 1024];
        while (Read(rest) > 0)
        {
        }

        return expected.Finish(_hash);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }
}
