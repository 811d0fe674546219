using System.Text;

namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// What became of entries later in the same archive: needed to find the content of an early entry, and to know whether what the
/// archive said of it should still be so. Positions count the steps that make something. Empty for nearly all layers.
/// </summary>
internal sealed class RecipeHistory
{
    // By path, in the order of time.
    private readonly Dictionary<string, List<(long Position, long Number)>> _replaced = [];
    private readonly Dictionary<string, long> _relisted = [];
    private readonly HashSet<(string Path, string Name)> _leftOut = [];

    private RecipeHistory()
    {
    }

    /// <summary>Reads the whole recipe of the layer in <paramref name="layerDirectory"/>.</summary>
    /// <exception cref="LayerFormatException">It is missing or damaged.</exception>
    internal static RecipeHistory Read(string layerDirectory)
    {
        using var recipe = RecipeReader.Open(layerDirectory);
        var history = new RecipeHistory();
        var position = 0L;
        RecipeStep step;
        while ((step = recipe.Step()) != RecipeStep.End)
        {
            position += step is RecipeStep.Made or RecipeStep.File ? 1 : 0;
            history.Take(step, position, recipe);
        }

        return history;
    }

    /// <summary>Where what was made at <paramref name="path"/> lies now: below the tree, or below the directory of what was replaced.</summary>
    internal (bool IsReplaced, byte[] Path) Locate(byte[] path, long position) =>
        FirstReplacement(path, position) is { } found
            ? (true, [.. Encoding.ASCII.GetBytes($"{found.Number - 1}"), .. path.AsSpan(found.Length)])
            : (false, path);

    /// <summary>True when what the archive said of the entry made at <paramref name="position"/> is what the tree should show.</summary>
    internal bool IsLast(byte[] path, long position) =>
        (_relisted.Count == 0 || _relisted.GetValueOrDefault(Encoding.Latin1.GetString(path)) <= position)
        && FirstReplacement(path, position) is null;

    /// <summary>True when this attribute could not be set here.</summary>
    internal bool IsLeftOut(byte[] path, string name) =>
        _leftOut.Count > 0 && _leftOut.Contains((Encoding.Latin1.GetString(path), name));

    private void Take(RecipeStep step, long position, RecipeReader recipe)
    {
        switch (step)
        {
            case RecipeStep.Replaced:
                AddReplaced(position, Encoding.Latin1.GetString(recipe.Text()), recipe.Number());
                break;
            case RecipeStep.Relisted:
                _relisted[Encoding.Latin1.GetString(recipe.Text())] = position + 1;
                break;
            case RecipeStep.AttributeLeftOut:
                _leftOut.Add((Encoding.Latin1.GetString(recipe.Text()), Encoding.UTF8.GetString(recipe.Text())));
                break;
            default:
                recipe.SkipOperands(step);
                break;
        }
    }

    private void AddReplaced(long position, string path, long number)
    {
        if (!_replaced.TryGetValue(path, out var replacements))
        {
            _replaced.Add(path, replacements = []);
        }

        replacements.Add((position, number));
    }

    // Of the path itself or of a directory that it was in, whichever gave way first.
    private (long Position, long Number, int Length)? FirstReplacement(byte[] path, long position)
    {
        (long Position, long Number, int Length)? first = null;
        if (_replaced.Count == 0)
        {
            return null;
        }

        var text = Encoding.Latin1.GetString(path);
        for (var length = text.Length; length > 0; length = text.LastIndexOf('/', length - 1))
        {
            if (_replaced.TryGetValue(text[..length], out var replacements)
                && After(replacements, position) is { } found && (first is null || found.Position < first.Value.Position))
            {
                first = (found.Position, found.Number, length);
            }
        }

        return first;
    }

    private static (long Position, long Number)? After(List<(long Position, long Number)> replacements, long position)
    {
        var (low, high) = (0, replacements.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = replacements[middle].Position >= position ? (low, middle) : (middle + 1, high);
        }

        return low < replacements.Count ? replacements[low] : null;
    }
}
