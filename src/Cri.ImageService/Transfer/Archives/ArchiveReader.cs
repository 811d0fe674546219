using Cri.ImageService.Layers;
using Cri.Linux;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>
/// Opens archives: a directory, a tar, or a tar compressed with gzip or zstd. What cannot be read more than once where it is,
/// is taken down to a file without a name first, within the limits of an image.
/// </summary>
internal sealed class ArchiveReader(StorageLayout layout, LayerLimits limits)
{
    /// <summary>Opens what lies at a path of the node.</summary>
    /// <exception cref="ImageException">NOT_FOUND: there is nothing; FAILED_PRECONDITION: it is damaged or of another kind.</exception>
    internal IArchive Open(string path, CancellationToken cancellation)
    {
        try
        {
            using var place = PathFd.Open(path);
            return FileStatus.Of(place).Kind switch
            {
                FileKind.Directory => DirectoryArchive.OpenDirectory(path),
                FileKind.Regular => OpenFile(path, place, cancellation),
                _ => throw new ImageException(StatusCode.FailedPrecondition, $"{path}: neither a file nor a directory"),
            };
        }
        catch (LinuxException error) when (error.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new ImageException(StatusCode.NotFound, $"{path}: no such file or directory on the node", error);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk(path, error);
        }
    }

    /// <summary>Takes down an archive that comes only once, to the end of <paramref name="stream"/>.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: it is damaged; RESOURCE_EXHAUSTED: the disk is full.</exception>
    internal IArchive Receive(string subject, Stream stream, CancellationToken cancellation)
    {
        try
        {
            return TarArchive.Open(subject, TakeDown(subject, stream, cancellation), cancellation);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk(subject, error);
        }
    }

    private IArchive OpenFile(string path, Fd place, CancellationToken cancellation)
    {
        // By the descriptor, so that what was examined is what is opened.
        var file = File.OpenHandle($"/proc/self/fd/{place.Number}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var magic = new byte[LayerCompression.MagicLength];
        if (!IsCompressed(magic.AsSpan(0, RandomAccess.Read(file, magic, 0))))
        {
            return TarArchive.Open(path, file, cancellation);
        }

        using (file)
        {
            return Receive(path, new FileSegment(file, 0, RandomAccess.GetLength(file)), cancellation);
        }
    }

    private SafeFileHandle TakeDown(string subject, Stream stream, CancellationToken cancellation)
    {
        var start = new byte[LayerCompression.MagicLength];
        var count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (count == 0)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{subject}: it is empty");
        }

        var whole = new PrefixedStream(start.AsMemory(0, count), stream);
        try
        {
            using var plain = LayerCompression.Open(whole, start.AsSpan(0, count));
            return SpooledFile.Of(layout, plain, length => Check(length, whole.Count), cancellation);
        }
        catch (Exception error) when (error is InvalidDataException or LayerFormatException)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{subject}: {error.Message}", error);
        }
    }

    private void Check(long plain, long compressed)
    {
        if (plain > limits.ImageBytes)
        {
            throw new LayerFormatException($"it has more than the {limits.ImageBytes} bytes that an image may have");
        }

        if (plain > LayerLimits.RatioFloor && plain / limits.Ratio > compressed)
        {
            throw new LayerFormatException($"each of its compressed bytes unpacks to more than the {limits.Ratio} that are allowed");
        }
    }

    private static bool IsCompressed(ReadOnlySpan<byte> magic) =>
        magic is [0x1F, 0x8B, ..] or [0x28, 0xB5, 0x2F, 0xFD] or [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18]
            or [(byte)'B', (byte)'Z', (byte)'h', ..] or [0xFD, (byte)'7', (byte)'z', (byte)'X', ..];
}
