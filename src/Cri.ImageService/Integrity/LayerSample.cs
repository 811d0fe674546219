using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cri.ImageService.Layers.Recipes;
using Cri.Linux;

namespace Cri.ImageService.Integrity;

/// <summary>
/// A few files of a layer as they were when it was unpacked, so that a start can look at those instead of all: those that are
/// met first from the root, so that of a small layer it is every file. <c>layers/&lt;name&gt;/sample.json</c>.
/// </summary>
internal sealed class LayerSample
{
    internal const string FileName = "sample.json";

    private const int FilesMax = 32;
    private const int DirectoriesMax = 32;
    private const int EntriesMax = 64;
    private const int HeadLength = 4096;

    private readonly List<SampledFile> _files = [];
    private readonly byte[] _head = new byte[HeadLength];

    private LayerSample()
    {
    }

    /// <summary>Takes the sample of an unpacked layer and writes it beside the tree, not yet durably.</summary>
    /// <exception cref="IOException">The tree cannot be read, or the file not be written.</exception>
    internal static void Take(string layerDirectory)
    {
        var sample = new LayerSample();
        using (var tree = FileTree.Open(Path.Join(layerDirectory, RecipeFile.TreeName)))
        {
            sample.Walk(tree);
        }

        var content = JsonSerializer.SerializeToUtf8Bytes(sample._files, SampleJson.Default.ListSampledFile);
        AtomicFile.WriteVolatile(Path.Join(layerDirectory, FileName), content);
    }

    /// <summary>
    /// Looks at the sampled files: whether they are there, are as long as they were, and with
    /// <paramref name="withContent"/> whether they begin as they did.
    /// </summary>
    /// <returns>What is wrong with the first that differs; null when nothing is, or the layer has no sample.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    internal static string? FindDamage(string layerDirectory, bool withContent)
    {
        List<SampledFile>? files;
        try
        {
            files = Read(Path.Join(layerDirectory, FileName));
        }
        catch (JsonException error)
        {
            return $"\"{FileName}\": {error.Message}";
        }

        var sample = new LayerSample();
        using var tree = FileTree.Open(Path.Join(layerDirectory, RecipeFile.TreeName));
        return files?.Select(file => sample.Compare(tree, file, withContent)).FirstOrDefault(damage => damage is not null);
    }

    private static List<SampledFile>? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), SampleJson.Default.ListSampledFile);
        }
        catch (FileNotFoundException)
        {
            // A layer of an older version.
            return null;
        }
    }

    private void Walk(FileTree tree)
    {
        var directories = new Queue<byte[]>([[]]);
        for (var count = 0; count < DirectoriesMax && _files.Count < FilesMax && directories.TryDequeue(out var path); count++)
        {
            using var directory = FileTree.OpenDirectory(tree.Root, path.Length == 0 ? "."u8 : path);
            foreach (var name in DirectoryEntries.ReadNext(directory).Take(EntriesMax))
            {
                byte[] full = path.Length == 0 ? name : [.. path, (byte)'/', .. name];
                Add(tree, full, FileStatus.Of(directory, name), directories);
            }
        }
    }

    private void Add(FileTree tree, byte[] path, FileStatus? status, Queue<byte[]> directories)
    {
        if (status?.Kind == FileKind.Directory)
        {
            directories.Enqueue(path);
        }
        else if (status is { Kind: FileKind.Regular, Size: > 0 } && _files.Count < FilesMax)
        {
            using var file = tree.OpenFile(path);
            _files.Add(new SampledFile(Encoding.Latin1.GetString(path), status.Size, SumOfHead(file)));
        }
    }

    private string? Compare(FileTree tree, SampledFile file, bool withContent)
    {
        var path = Encoding.Latin1.GetBytes(file.Path);
        var name = Encoding.UTF8.GetString(path);
        try
        {
            using var opened = tree.OpenFile(path);
            var size = FileStatus.Of(opened).Size;
            if (size != file.Size)
            {
                return $"\"{name}\" has {size} bytes, not {file.Size}";
            }

            return withContent && SumOfHead(opened) != file.Head ? $"the content of \"{name}\" has changed" : null;
        }
        catch (LinuxException error) when (error.Error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP or Errno.EXDEV)
        {
            return $"\"{name}\" is missing";
        }
    }

    private long SumOfHead(Fd file)
    {
        var length = 0;
        for (int count; length < _head.Length && (count = FdStream.Read(file, _head.AsSpan(length))) > 0;)
        {
            length += count;
        }

        var sum = new ContentSum();
        sum.Append(_head.AsSpan(0, length));
        return sum.Value;
    }
}

/// <summary>A file of a sample.</summary>
/// <param name="Path">Below the layer's root, one character a byte.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Head">The sum of its first 4096 bytes.</param>
internal sealed record SampledFile(string Path, long Size, long Head);

/// <summary>Source-generated JSON of samples.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(List<SampledFile>))]
internal sealed partial class SampleJson : JsonSerializerContext;
