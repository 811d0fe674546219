namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// The steps of a recipe. A recipe file is the line <see cref="RecipeFile.Magic"/> and then, as one zlib stream, steps until
/// <see cref="End"/>: one byte for the step, and its operands. Numbers are unsigned LEB128; a path is its length and its bytes,
/// below the tree, without symbolic links in its directories.
/// </summary>
internal enum RecipeStep : byte
{
    /// <summary>The archive ends. Operand: its length.</summary>
    End,

    /// <summary>Bytes of the archive that are no file's content. Operands: how many, and they themselves.</summary>
    Bytes,

    /// <summary>So many zeros of the archive that are no file's content.</summary>
    Zeros,

    /// <summary>The entry whose header is complete made, or changed, what lies at this path.</summary>
    Made,

    /// <summary>As <see cref="Made"/>, for a regular file, whose content begins. Operands: path, length of the file.</summary>
    File,

    /// <summary>A part of that file's content. Operands: offset in the file, length.</summary>
    Content,

    /// <summary>The content ends. Operand: the <see cref="ContentSum"/> of its parts, one after the other.</summary>
    FileEnd,

    /// <summary>
    /// What lay at this path gave way to a later entry. Operands: path, and 0 when it is gone or 1 + the number of the name that
    /// it has in <see cref="RecipeFile.ReplacedName"/>.
    /// </summary>
    Replaced,

    /// <summary>A directory that is there already is listed again: what was said of its owner, mode and time before no longer counts.</summary>
    Relisted,

    /// <summary>An attribute that this machine does not support was left out. Operands: path, name of the attribute.</summary>
    AttributeLeftOut,
}
