using System.Security.Cryptography;
using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Export;

/// <summary>Passes content on that must have a digest; its end is only reached when it has.</summary>
internal sealed class VerifiedStream(string subject, Stream source, Digest expected, Action<int> progress) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = expected.CreateHash();
    private bool _ended;

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The content is something else.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (_ended || buffer.IsEmpty)
        {
            return 0;
        }

        var count = source.Read(buffer);
        _hash.AppendData(buffer[..count]);
        progress(count);
        if (count == 0)
        {
            _ended = true;
            Verify();
        }

        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        source.Dispose();
        base.Dispose(disposing);
    }

    private void Verify()
    {
        if (expected.Finish(_hash) is var actual && actual != expected)
        {
            throw new InvalidDataException($"{subject} is damaged on disk: its content has digest {actual}");
        }
    }
}
