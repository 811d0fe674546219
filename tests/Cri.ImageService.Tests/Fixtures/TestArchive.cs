using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>An archive of images made in memory, file by file, in the order they were added.</summary>
public sealed class TestArchive
{
    private readonly List<(string Name, byte[] Content, string? Link)> _files = [];

    /// <summary>An OCI layout of one image, under the name that the annotation gives it; none when it is empty.</summary>
    public static TestArchive Oci(TestImage image, string name, string annotation = "org.opencontainers.image.ref.name") =>
        new TestArchive().Layout().Blobs(image).Index(Manifest(image, name, annotation));

    /// <summary>What Docker before 25 saves: a directory for each layer.</summary>
    public static TestArchive DockerSave(params (TestImage Image, string RepoTags)[] images)
    {
        var archive = new TestArchive();
        List<string> entries = [];
        foreach (var (image, repoTags) in images)
        {
            var layers = image.LayerDigests.Select(digest => $"{digest.Hex}/layer.tar").ToList();
            image.LayerDigests.Zip(layers).ToList().ForEach(pair => archive.File(pair.Second, image.Blobs[pair.First]));
            archive.File($"{image.ConfigDigest.Hex}.json", image.Blobs[image.ConfigDigest]);
            entries.Add(
                $$"""{"Config":"{{image.ConfigDigest.Hex}}.json","RepoTags":{{repoTags}},"Layers":[{{string.Join(',', layers.Select(layer => $"\"{layer}\""))}}]}""");
        }

        return archive.File("manifest.json", $"[{string.Join(',', entries)}]");
    }

    /// <summary>An entry of an index.</summary>
    public static string Manifest(TestImage image, string name, string annotation = "org.opencontainers.image.ref.name", string more = "")
    {
        var annotations = name.Length > 0 ? $$""","annotations":{"{{annotation}}":"{{name}}"}""" : "";
        return TestImage.Describe(MediaTypes.OciManifest, image.ManifestDigest, image.Blobs[image.ManifestDigest].Length, annotations + more);
    }

    public TestArchive Layout() => File("oci-layout", """{"imageLayoutVersion":"1.0.0"}""");

    public TestArchive Index(params string[] manifests) => File("index.json", $$"""{"schemaVersion":2,"manifests":[{{string.Join(',', manifests)}}]}""");

    public TestArchive Blobs(TestImage image)
    {
        image.Blobs.ToList().ForEach(blob => File($"blobs/sha256/{blob.Key.Hex}", blob.Value));
        return this;
    }

    public TestArchive File(string name, string content) => File(name, Encoding.UTF8.GetBytes(content));

    public TestArchive File(string name, byte[] content)
    {
        _files.RemoveAll(file => file.Name == name);
        _files.Add((name, content, null));
        return this;
    }

    public TestArchive Without(string part)
    {
        _files.RemoveAll(file => file.Name.Contains(part));
        return this;
    }

    public TestArchive Link(string name, string target)
    {
        _files.RemoveAll(file => file.Name == name);
        _files.Add((name, [], target));
        return this;
    }

    public byte[] Tar()
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, content, link) in _files)
            {
                writer.WriteEntry(link is null
                    ? new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) }
                    : new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = link });
            }
        }

        return stream.ToArray();
    }

    public byte[] GzippedTar()
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Tar());
        }

        return stream.ToArray();
    }

    public void WriteTo(string directory)
    {
        foreach (var (name, content, link) in _files)
        {
            var path = Path.Join(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (link is null)
            {
                System.IO.File.WriteAllBytes(path, content);
            }
            else
            {
                System.IO.File.CreateSymbolicLink(path, link);
            }
        }
    }
}
