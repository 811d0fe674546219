namespace Cri.ImageService.Transfer.Export;

/// <summary>How images are laid out in an export.</summary>
internal interface IExportForm
{
    /// <summary>Writes what one image needs and is not written yet.</summary>
    Task<ExportedImage> AddAsync(SelectedImage image);

    /// <summary>Writes what says which images there are.</summary>
    Task FinishAsync();
}
