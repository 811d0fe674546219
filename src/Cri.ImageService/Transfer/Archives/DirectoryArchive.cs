using Cri.Linux;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>An OCI layout as a directory of the node. Symbolic links are followed as long as they stay inside.</summary>
internal sealed class DirectoryArchive : IArchive
{
    private readonly FileTree _tree;

    private DirectoryArchive(string path)
    {
        Subject = path;
        _tree = FileTree.Open(path);
    }

    /// <inheritdoc/>
    public string Subject { get; }

    /// <summary>Opens the directory at <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    internal static DirectoryArchive OpenDirectory(string path) => new(path);

    /// <inheritdoc/>
    public long? LengthOf(string name)
    {
        using var file = Find(name);
        return file is null ? null : FileStatus.Of(file).Size;
    }

    /// <inheritdoc/>
    public Stream Open(string name)
    {
        using var file = Find(name) ?? throw Refused($"it has no \"{name}\"");

        // Opened anew: what was found is known to be a regular file, so that this can neither wait nor do anything.
        var handle = File.OpenHandle($"/proc/self/fd/{file.Number}");
        return new OwnedSegment(handle);
    }

    /// <inheritdoc/>
    public void Dispose() => _tree.Dispose();

    private Fd? Find(string name)
    {
        try
        {
            var file = _tree.OpenInRoot(ArchiveName.Normal(name));
            if (FileStatus.Of(file).Kind == FileKind.Regular)
            {
                return file;
            }

            file.Dispose();
            throw Refused($"\"{name}\" is no regular file");
        }
        catch (Layers.LayerFormatException error)
        {
            throw Refused(error.Message);
        }
        catch (LinuxException error) when (error.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
        catch (LinuxException error) when (error.Error is Errno.ELOOP)
        {
            throw Refused($"\"{name}\": too many links");
        }
    }

    private ImageException Refused(string why) => new(StatusCode.FailedPrecondition, $"{Subject}: {why}");

    private sealed class OwnedSegment(SafeFileHandle file) : Layers.ReadOnlyStream
    {
        private readonly FileSegment _segment = new(file, 0, RandomAccess.GetLength(file));

        public override int Read(Span<byte> buffer) => _segment.Read(buffer);

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
