using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Integrity;

/// <summary>
/// The file that says, durably, that a layer is damaged and why: no image is made of it any more, and the next pull fetches it
/// anew. Containers that are over it keep it until they end.
/// </summary>
internal static class DamageMark
{
    private const string FileName = "damaged";

    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void Set(string layerDirectory, string why) =>
        AtomicFile.Write(Path.Join(layerDirectory, FileName), Encoding.UTF8.GetBytes(why));

    /// <summary>Why the layer is damaged; null when it is not known to be.</summary>
    internal static string? Read(string layerDirectory)
    {
        try
        {
            return File.ReadAllText(Path.Join(layerDirectory, FileName));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
