using Cri.Linux;

namespace Cri.ImageService.Pull;

/// <summary>
/// A compressed layer that is written down while it passes. It is complete when everything was read, durable when the file
/// system was synced after <see cref="Finish"/>, and has its name after <see cref="Publish"/>; without that, disposing removes it.
/// </summary>
internal sealed class KeptBlob : IDisposable
{
    private readonly string _path;
    private readonly string _unfinished;
    private readonly FileStream _file;

    /// <summary>Begins a file that becomes <paramref name="path"/>.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal KeptBlob(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        _path = path;
        _unfinished = StorageLayout.Unfinished(directory);
        _file = new FileStream(_unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    internal void Write(ReadOnlySpan<byte> bytes) => _file.Write(bytes);

    /// <summary>Nothing more comes; a sync of the file system makes it durable.</summary>
    internal void Finish() => _file.Dispose();

    /// <summary>Gives it its name, durably.</summary>
    internal void Publish()
    {
        File.Move(_unfinished, _path, overwrite: true);
        SyncFs.Directory(Path.GetDirectoryName(_path)!);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_unfinished);
    }
}
