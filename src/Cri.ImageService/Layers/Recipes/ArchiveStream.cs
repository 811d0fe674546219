using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// The archive of a layer, made again from its recipe and its tree. Of every file that content comes from the length is checked
/// first and the sum afterwards; what is damaged is handed to <c>onDamage</c>, and zeros stand in for what is missing.
/// </summary>
internal sealed class ArchiveStream : ReadOnlyStream
{
    private readonly RecipeReader _recipe;
    private readonly RecipeHistory _history;
    private readonly FileTree _layer;
    private readonly Action<byte[], string> _onDamage;
    private readonly ContentSum _sum = new();

    private long _bytesLeft;
    private long _zerosLeft;
    private long _contentLeft;
    private long _contentOffset;
    private long _length;
    private bool _isEnd;

    private byte[] _path = [];
    private Fd? _file;
    private bool _isDamaged;
    private byte[]? _made;

    private ArchiveStream(string layerDirectory, RecipeHistory history, Action<byte[], string> onDamage)
    {
        _recipe = RecipeReader.Open(layerDirectory);
        _layer = FileTree.Open(layerDirectory);
        _history = history;
        _onDamage = onDamage;
    }

    /// <summary>Counts the entries that made something so far, as <see cref="RecipeHistory"/> does.</summary>
    internal long MadeCount { get; private set; }

    internal static ArchiveStream Open(string layerDirectory, RecipeHistory history, Action<byte[], string> onDamage) =>
        new(layerDirectory, history, onDamage);

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || !Advance())
        {
            return 0;
        }

        var count = _bytesLeft > 0 ? ReadBytes(buffer) : _zerosLeft > 0 ? ReadZeros(buffer) : ReadContent(buffer);
        _length += count;
        return count;
    }

    /// <summary>After the header of an entry was read, and nothing more: the path of what it made; null when it made nothing. Once.</summary>
    internal byte[]? TakeMade()
    {
        Advance();
        (var made, _made) = (_made, null);
        return made;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _file?.Dispose();
        _recipe.Dispose();
        _layer.Dispose();
        base.Dispose(disposing);
    }

    // Goes on to the next step that yields bytes; false at the end.
    private bool Advance()
    {
        while (!_isEnd && _bytesLeft == 0 && _zerosLeft == 0 && _contentLeft == 0)
        {
            Take(_recipe.Step());
        }

        return !_isEnd;
    }

    private void Take(RecipeStep step)
    {
        switch (step)
        {
            case RecipeStep.Bytes:
                _bytesLeft = _recipe.Number();
                break;
            case RecipeStep.Zeros:
                _zerosLeft = _recipe.Number();
                break;
            case RecipeStep.Made:
                MadeCount++;
                _made = _recipe.Text();
                break;
            case RecipeStep.File:
                MadeCount++;
                _made = _recipe.Text();
                OpenFile(_made, _recipe.Number());
                break;
            case RecipeStep.Content:
                (_contentOffset, _contentLeft) = (_recipe.Number(), _recipe.Number());
                break;
            case RecipeStep.FileEnd:
                CloseFile(_recipe.Number());
                break;
            case RecipeStep.End:
                _isEnd = _recipe.Number() == _length ? true : throw RecipeReader.Damaged();
                break;
            default:
                _recipe.SkipOperands(step);
                break;
        }
    }

    private int ReadBytes(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, _bytesLeft);
        _recipe.Bytes(buffer[..count]);
        _bytesLeft -= count;
        return count;
    }

    private int ReadZeros(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, _zerosLeft);
        buffer[..count].Clear();
        _zerosLeft -= count;
        return count;
    }

    private int ReadContent(Span<byte> buffer)
    {
        var part = buffer[..(int)Math.Min(buffer.Length, _contentLeft)];
        var count = ReadFile(part);
        _sum.Append(part[..count]);
        _contentOffset += count;
        _contentLeft -= count;
        return count;
    }

    private int ReadFile(Span<byte> part)
    {
        try
        {
            if (_file is not null && !_isDamaged && FileTree.ReadAt(_file, part, _contentOffset) is > 0 and var count)
            {
                return count;
            }

            Damage("it ends early");
        }
        catch (LinuxException error)
        {
            Damage(error.Message);
        }

        part.Clear();
        return part.Length;
    }

    private void OpenFile(byte[] path, long size)
    {
        (_path, _isDamaged) = (path, false);
        _sum.Reset();
        var (isReplaced, now) = _history.Locate(path, MadeCount);
        var directory = Encoding.ASCII.GetBytes(isReplaced ? RecipeFile.ReplacedName : RecipeFile.TreeName);
        try
        {
            _file = _layer.OpenFile([.. directory, (byte)'/', .. now]);
            var status = FileStatus.Of(_file);
            if (status.Kind != FileKind.Regular || status.Size != size)
            {
                Damage(status.Kind == FileKind.Regular ? $"it has {status.Size} bytes, not {size}" : "it is not a file any more");
            }
        }
        catch (LinuxException error)
        {
            Damage(error.Error == Errno.ENOENT ? "it is missing" : error.Message);
        }
    }

    private void CloseFile(long sum)
    {
        if (_sum.Value != sum)
        {
            Damage("its content has changed");
        }

        _file?.Dispose();
        _file = null;
    }

    // One complaint for each file.
    private void Damage(string why)
    {
        if (!_isDamaged)
        {
            _isDamaged = true;
            _onDamage(_path, why);
        }
    }
}
