namespace Cri.ImageService.Transfer.Export;

/// <summary>Where the files of an export go.</summary>
internal interface IExportTarget
{
    /// <summary>Adds one file.</summary>
    /// <param name="name">Its path inside the export, with slashes.</param>
    /// <param name="content">Read to its end.</param>
    /// <param name="length">What the content has, in bytes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="IOException">It cannot be written, or the content has another length.</exception>
    Task AddAsync(string name, Stream content, long length, CancellationToken cancellation);

    /// <summary>Ends the export.</summary>
    Task FinishAsync(CancellationToken cancellation);
}
