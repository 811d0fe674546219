using System.IO.Compression;
using Cri.Linux;

namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// Writes the recipe of a layer while it is extracted, and keeps what the archive replaces. The caller makes it durable together
/// with the layer. Not complete, and not readable, before <see cref="Complete"/>.
/// </summary>
internal sealed class RecipeWriter : IDisposable
{
    private const int BufferSize = 64 * 1024;

    // Shorter runs of zeros are left to the compressor.
    private const int ZerosMin = 16;

    private readonly string _directory;
    private readonly ZLibStream _file;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly byte[] _literal = new byte[4096];
    private int _used;
    private int _literalUsed;
    private long _replacedCount;
    private Fd? _replaced;

    private RecipeWriter(string directory, FileStream file)
    {
        _directory = directory;
        _file = new ZLibStream(file, CompressionLevel.Fastest);
    }

    /// <summary>Begins the recipe in the directory of a layer.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    internal static RecipeWriter Create(string layerDirectory)
    {
        var file = new FileStream(
            Path.Join(layerDirectory, RecipeFile.Name), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            file.Write(RecipeFile.Magic);
            return new RecipeWriter(layerDirectory, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Adds bytes of the archive as they came.</summary>
    internal void Literal(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_literalUsed == _literal.Length)
            {
                FlushLiteral();
            }

            var part = bytes[..Math.Min(bytes.Length, _literal.Length - _literalUsed)];
            part.CopyTo(_literal.AsSpan(_literalUsed));
            _literalUsed += part.Length;
            bytes = bytes[part.Length..];
        }
    }

    internal void Step(RecipeStep step)
    {
        FlushLiteral();
        Raw([(byte)step]);
    }

    internal void Step(RecipeStep step, ReadOnlySpan<byte> path)
    {
        Step(step);
        Number((ulong)path.Length);
        Raw(path);
    }

    internal void Number(ulong value)
    {
        Span<byte> digits = stackalloc byte[10];
        var count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            digits[count++] = (byte)(value | 0x80);
        }

        digits[count++] = (byte)value;
        Raw(digits[..count]);
    }

    /// <summary>Takes an entry out of the tree because another one takes its place, but keeps what is content of the archive.</summary>
    /// <param name="parent">The directory it is in.</param>
    /// <param name="leaf">Its name there.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="path">Its path below the tree.</param>
    internal void Replace(Fd parent, ReadOnlySpan<byte> leaf, FileKind kind, ReadOnlySpan<byte> path)
    {
        Step(RecipeStep.Replaced, path);
        if (kind is not (FileKind.Regular or FileKind.Directory))
        {
            FileTree.Remove(parent, leaf);
            Number(0);
            return;
        }

        FileTree.Rename(parent, leaf, OpenReplaced(), System.Text.Encoding.ASCII.GetBytes($"{_replacedCount}"));
        Number((ulong)++_replacedCount);
    }

    /// <summary>Ends the recipe of an archive of so many bytes.</summary>
    internal void Complete(long archiveLength)
    {
        Step(RecipeStep.End);
        Number((ulong)archiveLength);
        Flush();
        _file.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _replaced?.Dispose();
    }

    private Fd OpenReplaced()
    {
        if (_replaced is null)
        {
            using var layer = FileTree.Open(_directory);
            FileTree.MakeDirectory(layer.Root, System.Text.Encoding.ASCII.GetBytes(RecipeFile.ReplacedName), 0x1C0);
            _replaced = layer.OpenDirectory(System.Text.Encoding.ASCII.GetBytes(RecipeFile.ReplacedName))!;
        }

        return _replaced;
    }

    // Headers are mostly zeros: to say how many is a tenth of the work of compressing them.
    private void FlushLiteral()
    {
        var literal = _literal.AsSpan(0, _literalUsed);
        _literalUsed = 0;
        while (!literal.IsEmpty)
        {
            var zeros = literal.IndexOfAnyExcept((byte)0) is var first && first < 0 ? literal.Length : first;
            if (zeros > 0)
            {
                Raw([(byte)RecipeStep.Zeros]);
                Number((ulong)zeros);
                literal = literal[zeros..];
                continue;
            }

            var bytes = literal.IndexOf(Zeros) is var end && end < 0 ? literal.Length : end;
            Raw([(byte)RecipeStep.Bytes]);
            Number((ulong)bytes);
            Raw(literal[..bytes]);
            literal = literal[bytes..];
        }
    }

    private static ReadOnlySpan<byte> Zeros => new byte[ZerosMin];

    internal void Raw(ReadOnlySpan<byte> bytes)
    {
        if (_used + bytes.Length > _buffer.Length)
        {
            Flush();
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Flush()
    {
        _file.Write(_buffer, 0, _used);
        _used = 0;
    }
}
