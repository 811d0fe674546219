using System.IO.Compression;
using System.Security.Cryptography;
using Cri.ImageService.Layers;
using Cri.ImageService.Transfer.Archives;
using Cri.Oci.Images;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Export;

/// <summary>
/// The content of one layer in the form that an export wants, put together from the layer's tree and taken down to a file without
/// a name, since its length and digest must be known before it is written.
/// </summary>
internal sealed class LayerContent : IDisposable
{
    private readonly SafeFileHandle _file;

    private LayerContent(SafeFileHandle file, Descriptor descriptor)
    {
        _file = file;
        Descriptor = descriptor;
    }

    /// <summary>What it is.</summary>
    internal Descriptor Descriptor { get; }

    /// <summary>Puts a layer together again.</summary>
    /// <param name="layout">Where the file without a name takes its space.</param>
    /// <param name="directory">The layer's.</param>
    /// <param name="diffId">What the plain archive must have.</param>
    /// <param name="compress">With gzip, or not at all.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ImageException">FAILED_PRECONDITION: the layer is damaged, or has no recipe.</exception>
    internal static LayerContent Assemble(StorageLayout layout, string directory, Digest diffId, bool compress, CancellationToken cancellation)
    {
        var file = SpooledFile.Create(layout);
        try
        {
            using var plain = new VerifiedStream($"layer {diffId}", LayerArchive.Open(directory), diffId, _ => cancellation.ThrowIfCancellationRequested());
            var sink = new HashingFile(file);
            if (compress)
            {
                using var gzip = new GZipStream(sink, CompressionLevel.Fastest, leaveOpen: true);
                plain.CopyTo(gzip, 256 * 1024);
            }
            else
            {
                plain.CopyTo(sink, 256 * 1024);
            }

            var type = compress ? MediaTypes.OciLayerGzip : MediaTypes.OciLayer;
            return new LayerContent(file, new Descriptor { MediaType = type, Digest = sink.Finish(), Size = sink.Length });
        }
        catch (Exception error) when (error is LayerFormatException or InvalidDataException)
        {
            file.Dispose();
            throw new ImageException(
                StatusCode.FailedPrecondition,
                $"layer {diffId} cannot be put together again: {error.Message}; a pull of the image repairs it",
                error);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The content, from its beginning.</summary>
    internal Stream Open() => new FileSegment(_file, 0, Descriptor.Size);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Writes to a file and hashes what it writes.
    private sealed class HashingFile(SafeFileHandle file) : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            RandomAccess.Write(file, buffer, _length);
            _hash.AppendData(buffer);
            _length += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        internal Digest Finish()
        {
            using (_hash)
            {
                return Digest.Parse($"sha256:{Convert.ToHexStringLower(_hash.GetHashAndReset())}");
            }
        }
    }
}
