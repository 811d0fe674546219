using System.IO.Compression;

namespace Cri.ImageService.Layers.Recipes;

/// <summary>Reads the steps of a recipe, one after the other, with their operands.</summary>
internal sealed class RecipeReader : IDisposable
{
    // A path is at most 4095 bytes, the name of an attribute 255.
    private const int TextMax = 4096;

    private readonly BufferedStream _file;

    private RecipeReader(Stream file) => _file = new BufferedStream(new ZLibStream(file, CompressionMode.Decompress), 64 * 1024);

    /// <summary>Opens the recipe of the layer in <paramref name="layerDirectory"/>.</summary>
    /// <exception cref="LayerFormatException">There is none, or it is not of a version that is known.</exception>
    internal static RecipeReader Open(string layerDirectory)
    {
        var path = Path.Join(layerDirectory, RecipeFile.Name);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (FileNotFoundException error)
        {
            throw new LayerFormatException(
                "the layer has no recipe of its archive: it was unpacked by an older version; removing the image and pulling it again gives it one", error);
        }

        Span<byte> magic = stackalloc byte[RecipeFile.Magic.Length];
        if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual(RecipeFile.Magic))
        {
            return new RecipeReader(file);
        }

        file.Dispose();
        throw new LayerFormatException($"\"{RecipeFile.Name}\" is damaged, or written by a newer version");
    }

    internal RecipeStep Step() => (RecipeStep)Byte();

    internal long Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var digit = Byte();
            value |= (ulong)(digit & 0x7F) << shift;
            if (digit < 0x80)
            {
                return value <= long.MaxValue ? (long)value : throw Damaged();
            }
        }

        throw Damaged();
    }

    internal byte[] Text()
    {
        var length = Number();
        var text = new byte[length <= TextMax ? length : throw Damaged()];
        Bytes(text);
        return text;
    }

    /// <summary>Fills <paramref name="buffer"/> with bytes of the archive.</summary>
    internal void Bytes(Span<byte> buffer)
    {
        try
        {
            _file.ReadExactly(buffer);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(error);
        }
    }

    internal void Skip(long count)
    {
        Span<byte> discarded = stackalloc byte[4096];
        for (; count > 0; count -= Math.Min(count, discarded.Length))
        {
            Bytes(discarded[..(int)Math.Min(count, discarded.Length)]);
        }
    }

    /// <summary>Reads past the operands of a step that says nothing to the caller. Not for <see cref="RecipeStep.End"/>.</summary>
    /// <exception cref="LayerFormatException">There is no such step.</exception>
    internal void SkipOperands(RecipeStep step)
    {
        switch (step)
        {
            case RecipeStep.Bytes:
                Skip(Number());
                break;
            case RecipeStep.Zeros or RecipeStep.FileEnd:
                Number();
                break;
            case RecipeStep.Made or RecipeStep.Relisted:
                Text();
                break;
            case RecipeStep.File or RecipeStep.Replaced:
                Text();
                Number();
                break;
            case RecipeStep.Content:
                Number();
                Number();
                break;
            case RecipeStep.AttributeLeftOut:
                Text();
                Text();
                break;
            default:
                throw Damaged();
        }
    }

    internal static LayerFormatException Damaged(Exception? cause = null) => new($"\"{RecipeFile.Name}\" is damaged", cause);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private byte Byte()
    {
        try
        {
            var value = _file.ReadByte();
            return value >= 0 ? (byte)value : throw Damaged();
        }
        catch (InvalidDataException error)
        {
            throw Damaged(error);
        }
    }
}
