namespace Cri.Linux;

/// <summary>
/// A directory named through an open descriptor, <c>/proc/self/fd/N</c>, so that a socket in it can be bound or connected
/// however long the directory's path is (unix(7) allows 107 bytes).
/// </summary>
public sealed class ShortPath : IDisposable
{
    private readonly Fd _directory;

    /// <summary>Opens the directory. Throws ENOENT when it is missing.</summary>
    public ShortPath(string directory) => _directory = PathFd.OpenDirectory(directory);

    /// <summary>A short path to a file of this name in the directory; valid until this object is disposed.</summary>
    public string To(string name) => $"/proc/self/fd/{_directory.Number}/{name}";

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();
}
