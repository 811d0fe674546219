using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Layers.Recipes;
using Cri.Linux;

namespace Cri.ImageService.Integrity;

/// <summary>Looks for files of a layer that are missing or have another length than their archive says. Reads no content.</summary>
internal sealed class LayerScan : IDisposable
{
    private readonly FileTree _tree;
    private readonly RecipeHistory _history;
    private readonly RecipeReader _recipe;
    private long _position;

    private LayerScan(string layerDirectory)
    {
        _history = RecipeHistory.Read(layerDirectory);
        _recipe = RecipeReader.Open(layerDirectory);
        _tree = FileTree.Open(Path.Join(layerDirectory, RecipeFile.TreeName));
    }

    /// <summary>What is wrong with the first file that differs; null when nothing is.</summary>
    /// <param name="layerDirectory">The directory that holds the tree and the recipe.</param>
    /// <param name="cancellation">Ends it between two files.</param>
    /// <exception cref="LayerFormatException">There is no recipe, or a damaged one.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    internal static string? FindDamage(string layerDirectory, CancellationToken cancellation)
    {
        using var scan = new LayerScan(layerDirectory);
        RecipeStep step;
        while ((step = scan._recipe.Step()) != RecipeStep.End)
        {
            cancellation.ThrowIfCancellationRequested();
            if (scan.Take(step) is { } damage)
            {
                return damage;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tree.Dispose();
        _recipe.Dispose();
    }

    private string? Take(RecipeStep step)
    {
        switch (step)
        {
            case RecipeStep.File:
                _position++;
                var path = _recipe.Text();
                var size = _recipe.Number();
                return _history.IsLast(path, _position) ? Compare(path, size) : null;
            case RecipeStep.Made:
                _position++;
                break;
        }

        _recipe.SkipOperands(step);
        return null;
    }

    private string? Compare(byte[] path, long size)
    {
        var status = Find(path);
        return status is null ? $"\"{Encoding.UTF8.GetString(path)}\" is missing"
            : status.Size != size ? $"\"{Encoding.UTF8.GetString(path)}\" has {status.Size} bytes, not {size}"
            : null;
    }

    private FileStatus? Find(byte[] path)
    {
        var leaf = path.AsSpan().LastIndexOf((byte)'/') + 1;
        try
        {
            using var parent = _tree.OpenRealDirectory(path.AsSpan(0, Math.Max(leaf - 1, 0)));
            return parent is null ? null : FileStatus.Of(parent, path.AsSpan(leaf));
        }
        catch (LinuxException error) when (error.Error is Errno.ENOTDIR or Errno.ELOOP)
        {
            return null;
        }
    }
}
