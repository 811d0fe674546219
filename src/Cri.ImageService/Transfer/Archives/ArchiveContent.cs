using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>Reading the documents of an archive: bounded, and verified where there is a digest.</summary>
internal static class ArchiveContent
{
    /// <summary>A whole small file.</summary>
    /// <exception cref="ImageException">It is not there, or longer than <paramref name="max"/> bytes.</exception>
    internal static byte[] Read(this IArchive archive, string name, int max)
    {
        if (archive.LengthOf(name) is { } length && length > max)
        {
            throw Refused(archive, name, $"its {length} bytes are beyond the limit of {max}");
        }

        using var stream = archive.Open(name);
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>A whole small file that must have a digest.</summary>
    /// <exception cref="ImageException">It is not there, too long, or something else.</exception>
    internal static byte[] Read(this IArchive archive, string name, Digest digest, int max)
    {
        var content = archive.Read(name, max);
        return digest.OfSame(content) is var actual && actual == digest
            ? content
            : throw Refused(archive, name, $"digest mismatch: its content has digest {actual}");
    }

    /// <summary>A JSON document.</summary>
    /// <exception cref="ImageException">It is not there, too long, or not of this shape.</exception>
    internal static T ReadJson<T>(this IArchive archive, string name, int max, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(archive.Read(name, max), type) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw Refused(archive, name, error.Message, error);
        }
    }

    /// <summary>A refusal that names archive and file.</summary>
    internal static ImageException Refused(IArchive archive, string name, string why, Exception? cause = null) =>
        new(StatusCode.FailedPrecondition, $"{archive.Subject}: {name}: {why}", cause);
}
