using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>A directory that a layer is being extracted into. Disposing removes it, unless it was committed and so renamed.</summary>
internal sealed class UnfinishedLayer : IDisposable
{
    private UnfinishedLayer(string path) => Path = path;

    /// <summary>The directory.</summary>
    internal string Path { get; }

    /// <summary>The tree inside it, empty at first.</summary>
    internal string TreePath => System.IO.Path.Join(Path, "fs");

    internal static UnfinishedLayer Create(StorageLayout layout)
    {
        var layer = new UnfinishedLayer(StorageLayout.Unfinished(layout.Layers));
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
    public void Dispose() => FileTree.Remove(Path);
}
