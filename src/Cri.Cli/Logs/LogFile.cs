using Cri.Linux;
using Microsoft.Win32.SafeHandles;

namespace Cri.Cli.Logs;

/// <summary>
/// Reads the lines of a log file that grows, across rotation: when the path has come to mean a new file, the old one is read to
/// its end first. Not thread-safe.
/// </summary>
internal sealed class LogFile(string path) : IDisposable
{
    private const int LongestLine = 1024 * 1024;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly MemoryStream _partial = new();
    private SafeFileHandle? _file;
    private (ulong Device, ulong Inode) _identity;
    private long _offset;

    /// <summary>The lines there are now; ends where the file does, and may be called again when it has grown.</summary>
    public IEnumerable<LogLine> ReadAvailable()
    {
        while (Open() is { } file)
        {
            for (var read = RandomAccess.Read(file, _buffer, _offset); read > 0; read = RandomAccess.Read(file, _buffer, _offset))
            {
                _offset += read;
                foreach (var line in SplitLines(read))
                {
                    yield return line;
                }
            }

            if (!IsReplaced())
            {
                yield break;
            }

            Close();
        }
    }

    public void Dispose() => Close();

    private SafeFileHandle? Open()
    {
        if (_file is null && File.Exists(path))
        {
            _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            _identity = Identity(FileStatus.OfTarget($"/proc/self/fd/{_file.DangerousGetHandle()}")!);
            _offset = 0;
        }

        return _file;
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
        _partial.SetLength(0);
    }

    // The old file's inode is not given to another as long as it is open here; truncation shows in the length.
    private bool IsReplaced() =>
        FileStatus.OfTarget(path) is { } current && (Identity(current) != _identity || current.Size < _offset);

    private static (ulong Device, ulong Inode) Identity(FileStatus status) => (status.Device, status.Inode);

    private List<LogLine> SplitLines(int count)
    {
        var lines = new List<LogLine>();
        var rest = _buffer.AsSpan(0, count);
        for (var newline = rest.IndexOf((byte)'\n'); newline >= 0; newline = rest.IndexOf((byte)'\n'))
        {
            _partial.Write(rest[..newline]);
            lines.Add(LogLine.Parse(_partial.ToArray()));
            _partial.SetLength(0);
            rest = rest[(newline + 1)..];
        }

        _partial.Write(rest);
        if (_partial.Length > LongestLine)
        {
            // No line of a log is as long: it is shown as it comes, and not kept until it ends.
            lines.Add(new LogLine(false, false, _partial.ToArray()));
            _partial.SetLength(0);
        }

        return lines;
    }
}
