using System.Globalization;
using System.Text;
using Cri.Linux;

namespace Cri.RuntimeService.Execs;

/// <summary>The home directory that a running container's /etc/passwd has for a user (passwd(5)), as an OCI runtime sets HOME by.</summary>
internal static class HomeDirectory
{
    private const int LargestFile = 4 << 20;
    private const string Unknown = "/";

    /// <summary>The directory; <c>/</c> for a user who is not listed, or when there is no list.</summary>
    /// <param name="init">A process of the container.</param>
    /// <param name="uid">The user's number there.</param>
    public static string Of(int init, uint uid)
    {
        var wanted = uid.ToString(CultureInfo.InvariantCulture);
        foreach (var line in Lines(init))
        {
            if (line.Split(':') is [_, _, var number, _, _, var home, ..] && number == wanted)
            {
                return home.Length > 0 ? home : Unknown;
            }
        }

        return Unknown;
    }

    // The container may have made anything of the file; links in it end at its own root.
    private static IEnumerable<string> Lines(int init)
    {
        try
        {
            using var root = FileTree.Open($"/proc/{init}/root");
            using var file = root.OpenInRoot("/etc/passwd");
            return Encoding.UTF8.GetString(RegularFile.Read($"/proc/self/fd/{file.Number}", LargestFile)).Split('\n');
        }
        catch (LinuxException)
        {
            return [];
        }
    }
}
