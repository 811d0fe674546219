using System.Text.Json;
using Cri.ImageService.Transfer.Import;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Export;

/// <summary>An export as <c>docker save</c> writes it: configurations and plain layers, and a list of both.</summary>
internal sealed class DockerForm(ExportWriter writer) : IExportForm
{
    private readonly List<SavedImage> _saved = [];

    /// <inheritdoc/>
    public async Task<ExportedImage> AddAsync(SelectedImage image)
    {
        if (image.Record.Files is not null)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{image.Record.Id} is an artifact, which a docker archive cannot hold");
        }

        var config = $"{Digest.Parse(image.Record.Id).Hex}.json";
        await writer.AddAsync(config, writer.Images.ReadConfiguration(image.Record));
        foreach (var diffId in image.Record.DiffIds.Distinct())
        {
            if (!writer.Has(FileOf(diffId)))
            {
                await writer.AddAssembledAsync(diffId, _ => FileOf(diffId));
            }
        }

        _saved.Add(new SavedImage { Config = config, RepoTags = image.Names, Layers = [.. image.Record.DiffIds.Select(FileOf)] });
        return new ExportedImage(image.Record.Id, "", Unchanged: false);
    }

    /// <inheritdoc/>
    public Task FinishAsync() => writer.AddAsync(
        DockerArchive.ManifestFile, JsonSerializer.SerializeToUtf8Bytes(_saved, SavedImageJson.Default.IReadOnlyListSavedImage));

    private static string FileOf(Digest diffId) => $"{diffId.Hex}.tar";
}
