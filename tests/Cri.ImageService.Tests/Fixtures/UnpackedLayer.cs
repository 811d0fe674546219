using Cri.ImageService.Layers;
using Cri.ImageService.Layers.Recipes;
using Cri.Linux;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A layer directory as the store keeps it: the tree of an archive, and its recipe.</summary>
public sealed class UnpackedLayer : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public UnpackedLayer(byte[] tar)
    {
        System.IO.Directory.CreateDirectory(Tree);
        using var recipe = RecipeWriter.Create(Directory);
        LayerExtractor.Extract(new MemoryStream(tar), Tree, recipe);
    }

    public string Directory => _directory.Path;

    public string Tree => _directory.Join("fs");

    public string Recipe => _directory.Join("recipe");

    public byte[] Archive()
    {
        using var archive = LayerArchive.Open(Directory);
        using var all = new MemoryStream();
        archive.CopyTo(all);
        return all.ToArray();
    }

    public string Path(string name) => System.IO.Path.Join(Tree, name);

    /// <summary>Changes a file's content and leaves its time as it was.</summary>
    public void Overwrite(string name, byte[] content)
    {
        var modified = FileStatus.Of(Path(name))!.Modified;
        File.WriteAllBytes(Path(name), content);
        using var tree = FileTree.Open(Tree);
        FileTree.SetModified(tree.Root, System.Text.Encoding.UTF8.GetBytes(name), modified);
    }

    public void Dispose() => _directory.Dispose();
}
