using Cri.Linux;

namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// Stands between an archive and who reads it, and writes its recipe on the way: what is read is taken down as it is, except
/// between <see cref="BeginFile"/> and <see cref="EndFile"/>, where it becomes a reference to the file. The reader must not
/// read ahead. <see cref="Finish"/> takes what is left and ends the recipe.
/// </summary>
internal sealed class RecipeRecorder(Stream archive, RecipeWriter recipe) : ReadOnlyStream
{
    private readonly ContentSum _sum = new();
    private bool _isContent;
    private long _offset;
    private long _start;
    private long _length;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = archive.Read(buffer);
        _length += count;
        if (_isContent)
        {
            _sum.Append(buffer[..count]);
            _offset += count;
        }
        else
        {
            recipe.Literal(buffer[..count]);
        }

        return count;
    }

    /// <summary>The entry made or changed what lies at <paramref name="path"/>; it has no content.</summary>
    internal void Made(ReadOnlySpan<byte> path) => recipe.Step(RecipeStep.Made, path);

    /// <summary>What is read from here on is the content of the new file at <paramref name="path"/>.</summary>
    internal void BeginFile(ReadOnlySpan<byte> path, long size)
    {
        recipe.Step(RecipeStep.File, path);
        recipe.Number((ulong)size);
        (_isContent, _start, _offset) = (true, 0, 0);
        _sum.Reset();
    }

    /// <summary>What is read from here on belongs at <paramref name="offset"/> of the file: a hole was left out.</summary>
    internal void Seek(long offset)
    {
        if (offset != _offset)
        {
            EndPart();
            (_start, _offset) = (offset, offset);
        }
    }

    /// <summary>The content is complete.</summary>
    internal void EndFile()
    {
        EndPart();
        _isContent = false;
        recipe.Step(RecipeStep.FileEnd);
        recipe.Number((ulong)_sum.Value);
    }

    /// <inheritdoc cref="RecipeWriter.Replace"/>
    internal void Replace(Fd parent, ReadOnlySpan<byte> leaf, FileKind kind, ReadOnlySpan<byte> path) =>
        recipe.Replace(parent, leaf, kind, path);

    internal void Relisted(ReadOnlySpan<byte> path) => recipe.Step(RecipeStep.Relisted, path);

    internal void AttributeLeftOut(ReadOnlySpan<byte> path, string name)
    {
        recipe.Step(RecipeStep.AttributeLeftOut, path);
        var bytes = System.Text.Encoding.UTF8.GetBytes(name);
        recipe.Number((ulong)bytes.Length);
        recipe.Raw(bytes);
    }

    /// <summary>Reads what follows the end of the archive proper, and completes the recipe.</summary>
    internal void Finish()
    {
        Span<byte> rest = stackalloc byte[4096];
        while (Read(rest) > 0)
        {
        }

        recipe.Complete(_length);
    }

    private void EndPart()
    {
        if (_offset > _start)
        {
            recipe.Step(RecipeStep.Content);
            recipe.Number((ulong)_start);
            recipe.Number((ulong)(_offset - _start));
        }
    }
}
