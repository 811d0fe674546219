using Cri.ImageService.Removal;

namespace Cri.ImageService.Layers;

/// <summary>
/// A directory that a layer is being extracted into. Disposing frees its space in the background, unless it was committed and so
/// renamed.
/// </summary>
internal sealed class UnfinishedLayer : IDisposable
{
    private readonly BackgroundRemoval _removal;

    private UnfinishedLayer(string path, BackgroundRemoval removal, int syncFailures)
    {
        Path = path;
        _removal = removal;
        SyncFailures = syncFailures;
    }

    /// <summary>The directory.</summary>
    internal string Path { get; }

    /// <summary>The tree inside it, empty at first.</summary>
    internal string TreePath => System.IO.Path.Join(Path, "fs");

    /// <summary>How often the disk had failed to store data when this began; see <see cref="DiskSync.Failures"/>.</summary>
    internal int SyncFailures { get; }

    internal static UnfinishedLayer Create(StorageLayout layout, BackgroundRemoval removal, int syncFailures)
    {
        var layer = new UnfinishedLayer(StorageLayout.Unfinished(layout.Layers), removal, syncFailures);
        try
        {
            Directory.CreateDirectory(layer.TreePath);
            return layer;
        }
        catch (IOException error)
        {
            layer.Dispose();
            throw ImageException.FromDisk("make a directory for a layer", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            _removal.RemoveNameless(Path);
        }
    }
}
