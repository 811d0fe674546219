namespace Cri.ImageService.Transfer.Export;

/// <summary>The form of an export.</summary>
public enum ExportForm
{
    /// <summary>An OCI image layout (image-layout.md): index.json and blobs by digest.</summary>
    Oci,

    /// <summary>What <c>docker save</c> writes: manifest.json, configurations and plain layers.</summary>
    Docker,
}

/// <summary>What is exported, and how.</summary>
public sealed record ExportOptions
{
    /// <summary>Ids, names, or unambiguous beginnings of ids. An image that is named by a tag gets this name, any other all its tags.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>The form.</summary>
    public ExportForm Form { get; init; }

    /// <summary>Compress with gzip the layers whose compressed form was not kept; for <see cref="ExportForm.Oci"/> only.</summary>
    public bool Compress { get; init; }

    /// <summary>Is told what is being written, how many bytes of all are, and how many there will be; 0 when that is not known.</summary>
    public Action<string, long, long>? Progress { get; init; }
}

/// <summary>An image that was exported.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Manifest">The digest of its manifest in the export; empty in a form that has none.</param>
/// <param name="Unchanged">True when the manifest and everything it names are as the registry had them.</param>
public sealed record ExportedImage(string Id, string Manifest, bool Unchanged);
