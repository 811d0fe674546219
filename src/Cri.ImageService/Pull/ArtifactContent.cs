using System.Text;
using Cri.ImageService.Layers;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>
/// How an artifact's layers become the files of a volume: each is one file, as it came and not unpacked, whatever its media type
/// is, under the name in its <c>org.opencontainers.image.title</c>.
/// </summary>
internal static class ArtifactContent
{
    private const string Title = "org.opencontainers.image.title";
    private const int NameMax = 255;

    /// <summary>The files, in the order of the manifest.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: a title would lead out of the volume, or two of them exclude each other.</exception>
    internal static IReadOnlyList<ArtifactFile> FilesOf(Manifest manifest)
    {
        List<ArtifactFile> files = [];
        HashSet<string> directories = [];
        foreach (var layer in manifest.Layers.Where(layer => layer.MediaType != MediaTypes.OciEmpty || layer.Annotations?.ContainsKey(Title) == true))
        {
            var file = new ArtifactFile(PathOf(layer), layer.Digest, layer.Size);
            files.Add(file);
            directories.UnionWith(ParentsOf(file.Path));
        }

        var twice = files.GroupBy(file => file.Path).FirstOrDefault(same => same.Count() > 1 || directories.Contains(same.Key));
        return twice is null ? files : throw Refused($"\"{twice.Key}\" is the title of two layers, or of a layer and a directory");
    }

    private static string PathOf(Descriptor layer)
    {
        if (layer.Annotations?.GetValueOrDefault(Title) is not { Length: > 0 } title)
        {
            return layer.Digest.Hex;
        }

        try
        {
            var path = EntryPath.Parse(Encoding.UTF8.GetBytes(title));
            return !path.IsRoot && title[0] != '/' && !path.ToString().Split('/').Any(name => Encoding.UTF8.GetByteCount(name) > NameMax)
                ? path.ToString()
                : throw new LayerFormatException("that is no name for a file");
        }
        catch (LayerFormatException error)
        {
            throw Refused($"layer {layer.Digest}, title \"{title}\": {error.Message}", error);
        }
    }

    private static IEnumerable<string> ParentsOf(string path)
    {
        for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            yield return path[..slash];
        }
    }

    private static ImageException Refused(string why, Exception? cause = null) => new(StatusCode.FailedPrecondition, $"artifact: {why}", cause);
}
