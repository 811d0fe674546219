using System.Formats.Tar;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>The one file a checkpoint is handed on as. It appears whole or not at all, for its owner alone: it holds the memory of a container.</summary>
internal static class CheckpointArchive
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Archives a directory's content; an existing file is replaced.</summary>
    public static void Write(string directory, string location, CancellationToken cancellationToken)
    {
        var unfinished = $"{location}.{Guid.NewGuid():n}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
            using (var stream = new FileStream(unfinished, options))
            {
                using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
                {
                    Add(tar, directory, "", cancellationToken);
                }

                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, location, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static void Add(TarWriter tar, string root, string directory, CancellationToken cancellationToken)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(Path.Join(root, directory)).Order(StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = Path.Join(directory, Path.GetFileName(path));
            tar.WriteEntry(path, name);
            if (Directory.Exists(path))
            {
                Add(tar, root, name, cancellationToken);
            }
        }
    }
}
