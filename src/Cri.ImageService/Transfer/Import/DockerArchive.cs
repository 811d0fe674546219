using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cri.ImageService.Layers;
using Cri.ImageService.Registry;
using Cri.ImageService.Transfer.Archives;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Import;

/// <summary>
/// Reads what <c>docker save</c> writes. It has configurations and layers but no manifests, so each image gets one made: of the
/// configuration as it is, and of the layers as they lie there.
/// </summary>
internal sealed class DockerArchive(IArchive archive)
{
    /// <summary>The file that says what the archive holds.</summary>
    internal const string ManifestFile = "manifest.json";

    /// <summary>What an archive older than that file has instead (Docker before 1.10).</summary>
    internal const string LegacyFile = "repositories";

    private const int HashLength = 64;

    /// <summary>The names of the archive's images by the digest of their configuration; what an archive in both forms adds to its index.</summary>
    internal IReadOnlyDictionary<Digest, IReadOnlyList<string>> ReadNames() => ReadEntries()
        .Where(entry => entry.RepoTags is { Count: > 0 })
        .GroupBy(entry => Digest.OfSha256(archive.Read(entry.Config, BoundedBody.ConfigMax)))
        .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group.SelectMany(entry => entry.RepoTags!)]);

    /// <summary>The images in the archive.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: it is malformed, or something is missing.</exception>
    internal IReadOnlyList<ArchivedImage> Read(CancellationToken cancellation)
    {
        var entries = ReadEntries();
        return entries.Count > 0
            ? [.. entries.Select(entry => Read(entry, cancellation))]
            : throw ArchiveContent.Refused(archive, ManifestFile, "it names no image");
    }

    private IReadOnlyList<SavedImage> ReadEntries()
    {
        var entries = archive.ReadJson(ManifestFile, BoundedBody.ManifestMax, SavedImageJson.Default.IReadOnlyListSavedImage);
        return entries.All(entry => entry is { Config: not null, Layers: not null } && !entry.Layers.Contains(null!))
            ? entries
            : throw ArchiveContent.Refused(archive, ManifestFile, "an image without configuration or layers");
    }

    private ArchivedImage Read(SavedImage entry, CancellationToken cancellation)
    {
        var config = archive.Read(entry.Config, BoundedBody.ConfigMax);
        var configDigest = Digest.OfSha256(config);
        CheckName(entry.Config, configDigest);
        Dictionary<Digest, string> files = [];
        var layers = entry.Layers.Zip(DiffIds(entry, config), (file, diffId) => Describe(file, diffId, files, cancellation)).ToList();
        var manifest = JsonSerializer.SerializeToUtf8Bytes(
            new Manifest
            {
                SchemaVersion = 2,
                MediaType = MediaTypes.OciManifest,
                Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = configDigest, Size = config.Length },
                Layers = layers,
            },
            ImageJson.Default.Manifest);
        var parts = new ArchivedParts(archive, digest => files.GetValueOrDefault(digest) ?? digest.ToString());
        var root = Digest.OfSha256(manifest);
        parts.Add(configDigest, config);
        parts.Add(root, manifest);
        return new ArchivedImage([.. entry.RepoTags ?? []], root, MediaTypes.OciManifest, parts);
    }

    // Docker names a configuration by its digest; one that is called otherwise was tampered with.
    private void CheckName(string file, Digest actual)
    {
        var name = file[(file.LastIndexOf('/') + 1)..];
        name = name.EndsWith(".json", StringComparison.Ordinal) ? name[..^".json".Length] : name;
        name = name.StartsWith("sha256:", StringComparison.Ordinal) ? name["sha256:".Length..] : name;
        if (name.Length == HashLength && name.All(char.IsAsciiHexDigitLower) && name != actual.Hex)
        {
            throw ArchiveContent.Refused(archive, file, $"digest mismatch: its content has digest {actual}");
        }
    }

    private IReadOnlyList<Digest> DiffIds(SavedImage entry, byte[] config)
    {
        try
        {
            var diffIds = JsonSerializer.Deserialize(config, ImageJson.Default.Image)?.Rootfs?.DiffIds;
            return diffIds is null || diffIds.Contains(null!) ? throw new JsonException("it has no rootfs.diff_ids")
                : diffIds.Count == entry.Layers.Count ? diffIds
                : throw new JsonException($"it has {diffIds.Count} layers, {ManifestFile} {entry.Layers.Count}");
        }
        catch (JsonException error)
        {
            throw ArchiveContent.Refused(archive, entry.Config, $"not an image configuration: {error.Message}", error);
        }
    }

    private Descriptor Describe(string file, Digest diffId, Dictionary<Digest, string> files, CancellationToken cancellation)
    {
        var size = archive.LengthOf(file) ?? throw new ImageException(StatusCode.FailedPrecondition, $"{archive.Subject}: it has no \"{file}\"");
        var (digest, type) = Identify(file, diffId, cancellation);
        files[digest] = file;
        return new Descriptor { MediaType = type, Digest = digest, Size = size };
    }

    // A plain layer's digest is its diff ID, which extraction verifies. That of a compressed one nobody has said.
    private (Digest Digest, string MediaType) Identify(string file, Digest diffId, CancellationToken cancellation)
    {
        using var stream = archive.Open(file);
        var buffer = new byte[256 * 1024];
        var count = stream.ReadAtLeast(buffer, LayerCompression.MagicLength, throwOnEndOfStream: false);
        var type = buffer switch
        {
            [0x1F, 0x8B, ..] => MediaTypes.OciLayerGzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => MediaTypes.OciLayerZstd,
            _ => MediaTypes.OciLayer,
        };
        if (type == MediaTypes.OciLayer)
        {
            return (diffId, type);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer.AsSpan(0, count));
            count = stream.Read(buffer);
        }

        return (Digest.Parse($"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}"), type);
    }
}

/// <summary>One image in a <c>manifest.json</c>.</summary>
internal sealed record SavedImage
{
    /// <summary>The name of the configuration's file.</summary>
    [JsonPropertyName("Config")]
    public required string Config { get; init; }

    /// <summary>Its names; null or empty when it has none.</summary>
    [JsonPropertyName("RepoTags")]
    public IReadOnlyList<string>? RepoTags { get; init; }

    /// <summary>The names of the layers' files, bottom first.</summary>
    [JsonPropertyName("Layers")]
    public required IReadOnlyList<string> Layers { get; init; }
}

/// <summary>Source-generated JSON of a <c>manifest.json</c>.</summary>
[JsonSerializable(typeof(IReadOnlyList<SavedImage>))]
internal sealed partial class SavedImageJson : JsonSerializerContext;
