using System.Runtime.InteropServices;

namespace Cri.ImageService.Layers;

/// <summary>
/// Decompresses zstd (RFC 8878), any number of frames in a row, through the system's libzstd.so.1: the base class library
/// of this .NET version has no zstd. Forward only. The window is limited to 128 MiB, as the zstd tool limits it.
/// </summary>
internal sealed unsafe partial class ZstdStream : ReadOnlyStream
{
    private const string Library = "libzstd.so.1";
    private const int WindowLogMax = 27;
    private const int WindowLogMaxParameter = 100; // ZSTD_d_windowLogMax

    private readonly Stream _compressed;
    private readonly byte[] _input = new byte[128 * 1024];
    private nint _context;
    private int _inputStart;
    private int _inputEnd;
    private bool _insideFrame;

    /// <summary>Decompresses <paramref name="compressed"/>, which the caller keeps.</summary>
    /// <exception cref="LayerFormatException">The library is not installed.</exception>
    internal ZstdStream(Stream compressed)
    {
        _compressed = compressed;
        try
        {
            _context = Create();
        }
        catch (DllNotFoundException error)
        {
            throw new LayerFormatException($"it is compressed with zstd, and {Library} is not installed on this machine", error);
        }

        Check(SetParameter(_context, WindowLogMaxParameter, WindowLogMax));
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        while (!buffer.IsEmpty)
        {
            var isEnd = _inputStart == _inputEnd && !FillInput();
            var written = Decompress(buffer, out var needed);
            if (written > 0)
            {
                return written;
            }

            if (isEnd)
            {
                return _insideFrame && needed != 0 ? throw new InvalidDataException("the zstd data ends in the middle of a frame") : 0;
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Free(Interlocked.Exchange(ref _context, 0));
        base.Dispose(disposing);
    }

    private bool FillInput()
    {
        (_inputStart, _inputEnd) = (0, _compressed.Read(_input));
        return _inputEnd > 0;
    }

    private int Decompress(Span<byte> buffer, out nuint needed)
    {
        fixed (byte* source = _input, destination = buffer)
        {
            var input = new Buffer { Start = source, Size = (nuint)_inputEnd, Position = (nuint)_inputStart };
            var output = new Buffer { Start = destination, Size = (nuint)buffer.Length };
            var hadInput = _inputStart < _inputEnd;
            if (!hadInput && !_insideFrame)
            {
                needed = 0;
                return 0;
            }

            // 0: a frame is complete and flushed. Otherwise a hint of how much input comes next.
            needed = Check(DecompressStream(_context, &output, &input));
            _insideFrame = needed != 0;
            _inputStart = (int)input.Position;
            return (int)output.Position;
        }
    }

    private static nuint Check(nuint result) => IsError(result) == 0
        ? result
        : throw new InvalidDataException($"damaged zstd data: {Marshal.PtrToStringUTF8(ErrorName(result))}");

    [StructLayout(LayoutKind.Sequential)]
    private struct Buffer
    {
        internal byte* Start;
        internal nuint Size;
        internal nuint Position;
    }

    [LibraryImport(Library, EntryPoint = "ZSTD_createDStream")]
    private static partial nint Create();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDStream")]
    private static partial nuint Free(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    private static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    private static partial nuint DecompressStream(nint context, Buffer* output, Buffer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint result);
}
