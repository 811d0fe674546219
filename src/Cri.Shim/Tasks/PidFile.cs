using System.Globalization;
using Cri.Linux;
using Cri.Ttrpc;

namespace Cri.Shim.Tasks;

/// <summary>The file in which an OCI runtime leaves the pid of a process it made.</summary>
internal static class PidFile
{
    /// <summary>Reads the pid. Throws UNKNOWN when the runtime left none, whatever it said.</summary>
    public static int Read(string path)
    {
        var text = ReadText(path).Trim();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 1
            ? pid
            : throw new TtrpcException(TtrpcStatusCode.Unknown, $"the OCI runtime reported success but left no pid in {path}");
    }

    /// <summary>Reads the pid; null when there is none.</summary>
    public static int? TryRead(string path) =>
        int.TryParse(ReadText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 1 ? pid : null;

    private static string ReadText(string path)
    {
        try
        {
            return SmallFile.ReadText(path);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            return "";
        }
    }
}
