using System.Text;
using Cri.Linux;

namespace Cri.Shim;

/// <summary>Our own output, by write(2): the console class would bring encodings, a lock and a signal thread.</summary>
internal static class StandardStreams
{
    private static readonly Fd _output = new(1);
    private static readonly Fd _error = new(2);

    /// <summary>Writes bytes to stdout.</summary>
    public static void Write(ReadOnlySpan<byte> bytes) => FdStream.WriteAll(_output, bytes);

    /// <summary>Writes a line to stderr, where the starter keeps the log. What cannot be written is lost.</summary>
    public static void Log(string message)
    {
        try
        {
            var line = $"{Io.CriLines.Time(DateTime.UtcNow)} crisp-shim[{Environment.ProcessId}]: {message}\n";
            FdStream.WriteAll(_error, Encoding.UTF8.GetBytes(line));
        }
        catch (LinuxException)
        {
            // A full disk or a closed pipe must not end the shim.
        }
    }
}
