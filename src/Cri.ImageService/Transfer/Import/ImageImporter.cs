using Cri.ImageService.Images;
using Cri.ImageService.Pull;
using Cri.ImageService.Transfer.Archives;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Import;

/// <summary>
/// Imports the images of an archive. They go the way of a pull: the same limits, the same verification, the same extraction.
/// All of them become visible, or none.
/// </summary>
public sealed class ImageImporter
{
    private readonly ImageStore _images;
    private readonly ImagePuller _puller;
    private readonly ArchiveReader _reader;

    /// <summary>An importer into <paramref name="images"/>, by the means of <paramref name="puller"/>.</summary>
    public ImageImporter(ImageStore images, ImagePuller puller)
    {
        _images = images;
        _puller = puller;
        _reader = new ArchiveReader(new StorageLayout(images.Root), puller.Limits);
    }

    /// <summary>Imports an archive or a directory that lies on the node.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="options">What becomes of it.</param>
    /// <param name="cancellation">Ends it; nothing is left behind.</param>
    /// <exception cref="ImageException">It failed, and none of the images is here because of it.</exception>
    public Task<IReadOnlyList<ImportedImage>> ImportAsync(string path, ImportOptions options, CancellationToken cancellation) =>
        ImportAsync($"import {path}", () => _reader.Open(path, cancellation), options, cancellation);

    /// <summary>Imports an archive that comes as a stream, read to its end.</summary>
    /// <exception cref="ImageException">It failed, and none of the images is here because of it.</exception>
    public Task<IReadOnlyList<ImportedImage>> ImportAsync(Stream archive, ImportOptions options, CancellationToken cancellation) =>
        ImportAsync("import", () => _reader.Receive("the archive", archive, cancellation), options, cancellation);

    // 1 open, 2 find out what is in it, 3 bring all images, 4 make them visible.
    private async Task<IReadOnlyList<ImportedImage>> ImportAsync(
        string what, Func<IArchive> open, ImportOptions options, CancellationToken cancellation)
    {
        try
        {
            var naming = ImportNaming.Parse(options.Name);
            using var archive = await Task.Run(open, cancellation);
            var found = await Task.Run(() => Find(archive, options.Platform, cancellation), cancellation);
            var prepared = new List<NewImage>();
            try
            {
                foreach (var image in found)
                {
                    prepared.Add(await PrepareAsync(image, naming.NamesOf(image.Names, found.Count), options, cancellation));
                }

                return await StoreAsync(prepared, cancellation);
            }
            finally
            {
                foreach (var image in prepared)
                {
                    await _images.GiveUpAsync(image);
                }
            }
        }
        catch (ImageException error)
        {
            throw error.During(what);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk(what, error);
        }
    }

    // Newer Docker writes both forms at once. Then the layout counts, since it has the manifests.
    private static IReadOnlyList<ArchivedImage> Find(IArchive archive, Platform platform, CancellationToken cancellation)
    {
        if (archive.LengthOf(OciLayout.IndexFile) is not null)
        {
            return new OciLayout(archive, platform).Read();
        }

        if (archive.LengthOf(DockerArchive.ManifestFile) is not null)
        {
            return new DockerArchive(archive).Read(cancellation);
        }

        throw new ImageException(
            StatusCode.FailedPrecondition,
            archive.LengthOf(DockerArchive.LegacyFile) is not null
                ? $"{archive.Subject}: it is an archive of Docker before 1.10, which is not supported; save the image again with a current tool"
                : $"{archive.Subject}: neither an OCI layout ({OciLayout.IndexFile}) nor an archive of docker save ({DockerArchive.ManifestFile})");
    }

    private async Task<NewImage> PrepareAsync(
        ArchivedImage image, IReadOnlyList<ImageReference> names, ImportOptions options, CancellationToken cancellation)
    {
        var subject = names.Count > 0 ? names[0].ToString() : image.Root.ToString();
        try
        {
            return await _puller.PrepareAsync(subject, names, options.Platform, new ArchiveOrigin(image), options.Progress, cancellation);
        }
        catch (ImageException error)
        {
            throw error.During($"image {subject}");
        }
    }

    private async Task<IReadOnlyList<ImportedImage>> StoreAsync(List<NewImage> prepared, CancellationToken cancellation)
    {
        List<string> added = [];
        List<ImportedImage> imported = [];
        try
        {
            while (prepared.Count > 0)
            {
                var isNew = _images.Find(prepared[0].Id.ToString()) is null;
                var record = await _images.AddAsync(prepared[0], cancellation);
                imported.Add(new ImportedImage(record, [.. prepared[0].Names.Select(name => name.ToString())]));
                prepared.RemoveAt(0);
                added.AddRange(isNew ? [record.Id] : []);
            }

            return imported;
        }
        catch
        {
            await RemoveAsync(added);
            throw;
        }
    }

    private async Task RemoveAsync(IEnumerable<string> ids)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var id in ids)
        {
            await _images.RemoveAsync(id, patience.Token);
        }
    }
}
