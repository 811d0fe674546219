using Cri.ImageService.Layers;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>The names of an archive's files in one form: components joined by single slashes, without "." and "..".</summary>
internal static class ArchiveName
{
    private const int LengthMax = 4096;

    /// <summary>The one form of a name as an archive, or a document in it, writes it.</summary>
    /// <exception cref="LayerFormatException">It leads out of the archive, or is no name.</exception>
    internal static string Normal(string name) => Join([], name);

    /// <summary>Where a symbolic link at <paramref name="link"/>, a name in normal form, leads.</summary>
    /// <exception cref="LayerFormatException">Out of the archive.</exception>
    internal static string Follow(string link, string target) =>
        target.StartsWith('/') ? throw Escapes(target) : Join(link.Split('/')[..^1], target);

    private static string Join(IEnumerable<string> start, string name)
    {
        if (name.Length > LengthMax || name.Contains('\0'))
        {
            throw new LayerFormatException("a name is no path");
        }

        var parts = new List<string>(start);
        foreach (var part in name.Split('/'))
        {
            if (part == ".." && parts.Count == 0)
            {
                throw Escapes(name);
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private static LayerFormatException Escapes(string name) => new($"\"{name}\" leads out of the archive");
}
