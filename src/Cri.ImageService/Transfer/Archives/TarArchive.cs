using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Layers.Tar;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>
/// A plain tar whose directory was read once; contents are read where they lie. Links inside the archive are followed, as
/// older `docker save` links layers that are equal.
/// </summary>
internal sealed class TarArchive : IArchive
{
    private const int EntriesMax = 100_000;
    private const int LinksMax = 16;

    private readonly SafeFileHandle _file;
    private readonly Dictionary<string, (long Offset, long Length)> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);

    private TarArchive(string subject, SafeFileHandle file)
    {
        Subject = subject;
        _file = file;
    }

    /// <inheritdoc/>
    public string Subject { get; }

    /// <summary>Reads the directory of a tar. The file is the archive's from then on, and closed when this fails.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: it is damaged, or no archive of images can look like this.</exception>
    internal static TarArchive Open(string subject, SafeFileHandle file, CancellationToken cancellation)
    {
        var archive = new TarArchive(subject, file);
        try
        {
            archive.ReadDirectory(cancellation);
            return archive;
        }
        catch (LayerFormatException error)
        {
            archive.Dispose();
            throw new ImageException(StatusCode.FailedPrecondition, $"{subject}: {error.Message}", error);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long? LengthOf(string name) => Find(name)?.Length;

    /// <inheritdoc/>
    public Stream Open(string name) => Find(name) is { } found
        ? new FileSegment(_file, found.Offset, found.Length)
        : throw new ImageException(StatusCode.FailedPrecondition, $"{Subject}: it has no \"{name}\"");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void ReadDirectory(CancellationToken cancellation)
    {
        var stream = new CountedFile(_file);
        var reader = new TarReader(stream);
        for (var count = 0; reader.Next() is { } entry; count++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (count == EntriesMax)
            {
                throw new LayerFormatException($"more than {EntriesMax} entries");
            }

            Add(entry, stream.Offset);
        }
    }

    private void Add(TarEntry entry, long position)
    {
        var name = ArchiveName.Normal(NameOf(entry.Name));
        _files.Remove(name);
        _links.Remove(name);
        switch (entry.Type)
        {
            case TarEntryType.File when entry.Regions is not null:
                throw new LayerFormatException($"entry \"{entry.DisplayName}\": it is a sparse file, which has no place in an archive of images");
            case TarEntryType.File:
                _files[name] = (position, entry.Size);
                break;
            case TarEntryType.SymbolicLink:
                _links[name] = ArchiveName.Follow(name, NameOf(entry.LinkName));
                break;
            case TarEntryType.HardLink:
                _links[name] = ArchiveName.Normal(NameOf(entry.LinkName));
                break;
            case TarEntryType.Directory:
                break;
            default:
                throw new LayerFormatException($"entry \"{entry.DisplayName}\": an archive of images has no {entry.Type}");
        }
    }

    private static string NameOf(byte[] name) => Encoding.UTF8.GetString(name);

    private (long Offset, long Length)? Find(string name)
    {
        try
        {
            var target = ArchiveName.Normal(name);
            for (var links = 0; links < LinksMax && _links.TryGetValue(target, out var next); links++)
            {
                target = next;
            }

            return _files.TryGetValue(target, out var found) ? found : null;
        }
        catch (LayerFormatException error)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{Subject}: {error.Message}", error);
        }
    }
}
