namespace Cri.Cli;

/// <summary>A file that gets its name only when it is whole; dispose of it to remove what was not finished.</summary>
internal sealed class UnfinishedFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;

    private UnfinishedFile(string path)
    {
        _path = Path.GetFullPath(path);
        _temporary = Path.Join(Path.GetDirectoryName(_path), $".{Path.GetFileName(_path)}.{Guid.NewGuid():n}");
        Stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Where to write.</summary>
    public FileStream Stream { get; }

    /// <summary>Begins a file beside where it will be. Throws when it cannot be made, or a directory has the name.</summary>
    public static UnfinishedFile Create(string path) => Directory.Exists(path)
        ? throw new IOException($"{path}: is a directory")
        : new UnfinishedFile(path);

    /// <summary>Gives it its name, replacing a file that has it.</summary>
    public void Finish()
    {
        Stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
    }

    public void Dispose()
    {
        Stream.Dispose();
        File.Delete(_temporary);
    }
}
