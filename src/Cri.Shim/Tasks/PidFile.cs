using System.Globalization;
using Cri.Linux;

namespace Cri.Shim.Tasks;

/// <summary>The file in which an OCI runtime leaves the pid of a process it made.</summary>
internal static class PidFile
{
    /// <summary>Reads the pid.</summary>
    public static int Read(string path) => int.Parse(SmallFile.ReadText(path).AsSpan().Trim(), CultureInfo.InvariantCulture);
}
