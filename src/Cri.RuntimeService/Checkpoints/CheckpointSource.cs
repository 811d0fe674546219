using System.Formats.Tar;
using System.Globalization;
using Cri.ImageService;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>A checkpoint to make a container from.</summary>
public sealed class CheckpointSource
{
    private const string Scratch = "restore";
    private const int MaxConfig = 1 << 20;

    private readonly string _name;
    private readonly string? _archive;
    private readonly string? _tree;
    private readonly ConfigDump _dump;
    private readonly Snapshotter _snapshots;

    internal CheckpointSource(string name, string? archive, string? tree, ConfigDump dump, ImageRecord image, Snapshotter snapshots)
    {
        (_name, _archive, _tree, _dump, _snapshots) = (name, archive, tree, dump, snapshots);
        Image = image;
    }

    /// <summary>The image that the container was made from at first, and is made from again.</summary>
    public ImageRecord Image { get; }

    /// <summary>The configuration with the base image in place of the checkpoint, and annotations that tell of it.</summary>
    public V1.ContainerConfig Adapt(V1.ContainerConfig config)
    {
        var adapted = config.Clone();
        adapted.Image.Image = _dump.RootfsImage.Length > 0 ? _dump.RootfsImage : _dump.RootfsImageRef;
        adapted.Annotations["restored"] = "true";
        adapted.Annotations["checkpointedAt"] = _dump.CheckpointedTime.ToString("o", CultureInfo.InvariantCulture);
        adapted.Annotations["checkpointImage"] = config.Image.UserSpecifiedImage.Length > 0 ? config.Image.UserSpecifiedImage : _name;
        return adapted;
    }

    /// <summary>
    /// Puts the container's files and its log back, and CRIU's images where they are found at its start. Throws
    /// INVALID_ARGUMENT when the checkpoint is damaged or hostile; what was unpacked by then goes with the container.
    /// </summary>
    /// <returns>The directory of CRIU's images.</returns>
    public string Unpack(string containerId, string logPath)
    {
        try
        {
            return UnpackAll(containerId, logPath);
        }
        catch (InvalidDataException error)
        {
            throw CriError.Invalid($"container {containerId}: restore from {_name}: {error.Message}");
        }
    }

    internal static byte[] ReadConfig(string? archive, string? tree)
    {
        if (tree is not null)
        {
            return File.ReadAllBytes(Path.Join(tree, CheckpointNames.ConfigDump));
        }

        using var stream = File.OpenRead(archive!);
        using var tar = new TarReader(stream);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry is { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, Length: <= MaxConfig, DataStream: { } data }
                && entry.Name is (CheckpointNames.ConfigDump or "./" + CheckpointNames.ConfigDump))
            {
                var content = new byte[entry.Length];
                data.ReadExactly(content);
                return content;
            }
        }

        throw new InvalidDataException($"{archive} is no checkpoint: it has no {CheckpointNames.ConfigDump}");
    }

    private string UnpackAll(string containerId, string logPath)
    {
        var directory = _snapshots.ScratchPath(containerId, Scratch);
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (_archive is not null)
        {
            using var stream = File.OpenRead(_archive);
            Snapshotter.Unpack(stream, directory);
        }
        else
        {
            Copy(_tree!, directory);
        }

        CheckPlain(directory);
        var diff = Path.Join(directory, CheckpointNames.RootfsDiff);
        if (File.Exists(diff))
        {
            using var stream = File.OpenRead(diff);
            Snapshotter.Unpack(stream, _snapshots.UpperPath(containerId));
        }

        var log = Path.Join(directory, CheckpointNames.ContainerLog);
        if (logPath.Length > 0 && File.Exists(log) && !Path.Exists(logPath))
        {
            File.Copy(log, logPath);
        }

        var images = Path.Join(directory, CheckpointNames.Images);
        return Directory.Exists(images) ? images : throw new InvalidDataException($"{_name} has no {CheckpointNames.Images} directory");
    }

    // Whoever reads these files, CRIU among them, must not be led elsewhere.
    private static void CheckPlain(string directory)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(directory))
        {
            var kind = FileStatus.Of(path)?.Kind;
            if (kind == FileKind.Directory)
            {
                CheckPlain(path);
            }
            else if (kind != FileKind.Regular)
            {
                throw new InvalidDataException($"the checkpoint has {Path.GetFileName(path)}, which is neither a file nor a directory");
            }
        }
    }

    private static void Copy(string from, string to)
    {
        CheckPlain(from);
        foreach (var path in Directory.EnumerateFileSystemEntries(from))
        {
            var target = Path.Join(to, Path.GetFileName(path));
            if (Directory.Exists(path))
            {
                Directory.CreateDirectory(target);
                Copy(path, target);
            }
            else
            {
                File.Copy(path, target);
            }
        }
    }
}
