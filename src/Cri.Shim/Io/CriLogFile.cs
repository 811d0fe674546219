using System.Text;
using Cri.Linux;

namespace Cri.Shim.Io;

/// <summary>
/// The file behind a CRI log. Only the disk thread touches it. A pod that has the node's log directory as a volume could put a
/// link in its place, so none is followed. A batch that cannot be written is dropped and counted, and
/// the next one that can be is preceded by a line that says so.
/// </summary>
internal sealed class CriLogFile(string path) : IDisposable
{
    private const uint Mode = 0x1a0; // 0640

    private Fd _file = AppendFile.OpenReal(path, Mode);
    private long _dropped;
    private bool _torn;
    private string _reason = string.Empty;

    public void Write(ReadOnlySpan<byte> lines)
    {
        try
        {
            if (_dropped > 0)
            {
                Append(Note());
                _dropped = 0;
            }

            Append(lines);
        }
        catch (LinuxException e)
        {
            _reason = e.Message;
            _dropped += lines.Length;
        }
    }

    /// <summary>Goes on in a new file of the same path; the old one stays in use when that cannot be opened.</summary>
    public void Reopen()
    {
        var reopened = AppendFile.OpenReal(path, Mode);
        _file.Dispose();
        _file = reopened;
        _torn = false;
    }

    public void Dispose() => _file.Dispose();

    private byte[] Note()
    {
        // What was written of a line before the disk was full gets its end first.
        var start = _torn ? "\n" : string.Empty;
        return Encoding.UTF8.GetBytes(
            $"{start}{CriLines.Time(DateTime.UtcNow)} stderr F crisp-shim: up to {_dropped} bytes of log were dropped: {_reason}\n");
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var written = FdStream.Write(_file, bytes);
            if (written == FdStream.WouldBlock)
            {
                // Only a pipe that somebody put here makes one wait.
                throw new LinuxException("write", path, (int)Errno.EAGAIN);
            }

            _torn = bytes[written - 1] != (byte)'\n';
            bytes = bytes[written..];
        }
    }
}
