using Cri.ImageService.Layers;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Export;

/// <summary>Exports images to an archive or a directory. What is being exported stays, even when its image is removed meanwhile.</summary>
public sealed class ImageExporter
{
    private readonly ImageStore _images;
    private readonly LayerStore _layers;
    private readonly StorageLayout _layout;

    /// <summary>An exporter of the images of opened stores.</summary>
    public ImageExporter(ImageStore images, LayerStore layers)
    {
        _images = images;
        _layers = layers;
        _layout = new StorageLayout(images.Root);
    }

    /// <summary>Exports as a tar into a stream.</summary>
    /// <exception cref="ImageException">An image is not there, or damaged. What was written is not whole.</exception>
    public Task<IReadOnlyList<ExportedImage>> ExportAsync(ExportOptions options, Stream output, CancellationToken cancellation) =>
        RunAsync(() => WriteAsync(options, new TarTarget(output), cancellation));

    /// <summary>Exports as a tar into a new file.</summary>
    /// <exception cref="ImageException">It failed, and there is no file. FAILED_PRECONDITION: there is one already.</exception>
    public Task<IReadOnlyList<ExportedImage>> ExportFileAsync(ExportOptions options, string path, CancellationToken cancellation) =>
        RunAsync(async () =>
        {
            if (Path.Exists(path))
            {
                throw new ImageException(StatusCode.FailedPrecondition, $"{path}: exists already");
            }

            var temporary = StorageLayout.Unfinished(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
            try
            {
                IReadOnlyList<ExportedImage> exported;
                await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0))
                {
                    exported = await WriteAsync(options, new TarTarget(file), cancellation);
                }

                File.Move(temporary, path);
                return exported;
            }
            finally
            {
                File.Delete(temporary);
            }
        });

    /// <summary>Exports as an OCI layout into a directory that is new or empty.</summary>
    /// <exception cref="ImageException">It failed, and the directory is as it was. FAILED_PRECONDITION: it is not empty.</exception>
    public Task<IReadOnlyList<ExportedImage>> ExportDirectoryAsync(ExportOptions options, string path, CancellationToken cancellation) =>
        RunAsync(async () =>
        {
            using var target = DirectoryTarget.Create(path);
            return await WriteAsync(options with { Form = ExportForm.Oci }, target, cancellation);
        });

    private async Task<IReadOnlyList<ExportedImage>> RunAsync(Func<Task<IReadOnlyList<ExportedImage>>> export)
    {
        try
        {
            // Reading and compressing layers keeps a thread busy.
            return await Task.Run(export);
        }
        catch (ImageException error)
        {
            throw error.During("export");
        }
        catch (InvalidDataException error)
        {
            throw new ImageException(StatusCode.Internal, $"export: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ImageException.FromDisk("export", error as IOException ?? new IOException(error.Message, error));
        }
    }

    private async Task<IReadOnlyList<ExportedImage>> WriteAsync(ExportOptions options, IExportTarget target, CancellationToken cancellation)
    {
        var selected = Select(options);
        await using var lease = _layers.TryLease(selected.SelectMany(image => image.Record.DiffIds).Distinct())
            ?? throw new ImageException(StatusCode.Aborted, "an image is being removed");
        var writer = new ExportWriter(target, _layout, _images, _layers, options, cancellation);
        IExportForm form = options.Form == ExportForm.Docker ? new DockerForm(writer) : new OciForm(writer);
        List<ExportedImage> exported = [];
        foreach (var image in selected)
        {
            exported.Add(await form.AddAsync(image));
        }

        await form.FinishAsync();
        await target.FinishAsync(cancellation);
        return exported;
    }

    private List<SelectedImage> Select(ExportOptions options)
    {
        if (options.Images.Count == 0)
        {
            throw new ImageException(StatusCode.InvalidArgument, "no image is named");
        }

        if (options is { Form: ExportForm.Docker, Compress: true })
        {
            throw new ImageException(StatusCode.InvalidArgument, "the layers of a docker archive are plain; they cannot be compressed");
        }

        return
        [
            .. options.Images.Select(Select)
                .GroupBy(image => image.Record.Id)
                .Select(group => new SelectedImage(group.First().Record, [.. group.SelectMany(image => image.Names).Distinct()])),
        ];
    }

    private SelectedImage Select(string image)
    {
        var record = image.Length > 0 ? _images.Find(image) : null;
        if (record is null)
        {
            throw new ImageException(StatusCode.NotFound, $"{image}: no such image");
        }

        var name = ImageReference.TryParse(image)?.Canonical().ToString();
        return new SelectedImage(record, name is not null && record.RepoTags.Contains(name) ? [name] : record.RepoTags);
    }
}

/// <summary>An image to export, and the names it gets there.</summary>
internal sealed record SelectedImage(ImageRecord Record, IReadOnlyList<string> Names);
