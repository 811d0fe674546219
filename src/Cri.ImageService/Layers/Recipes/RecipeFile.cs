namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// The file beside a layer's tree that says how to make its archive again, byte for byte: everything of the archive that is not
/// content of a file, and references to the files for the rest. It costs some twenty bytes on the disk for each entry.
/// </summary>
internal static class RecipeFile
{
    /// <summary>The file's name in a layer's directory.</summary>
    internal const string Name = "recipe";

    /// <summary>
    /// The directory beside the tree that keeps files which a later entry of the same archive replaced: their content is part of
    /// the archive, though not of the layer. Only there when something is in it.
    /// </summary>
    internal const string ReplacedName = "replaced";

    /// <summary>The tree's name in a layer's directory.</summary>
    internal const string TreeName = "fs";

    /// <summary>What the file begins with; the digit is the version of the format.</summary>
    internal static ReadOnlySpan<byte> Magic => "crisp layer recipe 1\n"u8;
}
