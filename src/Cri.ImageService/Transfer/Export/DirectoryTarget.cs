using Cri.Linux;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Export;

/// <summary>
/// An export as a directory. It is filled under a temporary name beside its own, which it gets at the end; dispose of it to
/// remove what was not finished.
/// </summary>
internal sealed class DirectoryTarget : IExportTarget, IDisposable
{
    private readonly string _path;
    private readonly string _temporary;

    private DirectoryTarget(string path)
    {
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        _temporary = StorageLayout.Unfinished(Path.GetDirectoryName(_path) ?? "/");
    }

    /// <summary>Begins to fill the directory at <paramref name="path"/>, which must be new or empty.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: there is something.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal static DirectoryTarget Create(string path)
    {
        var target = new DirectoryTarget(path);
        var isFree = !File.Exists(target._path) && (!Directory.Exists(target._path) || !Directory.EnumerateFileSystemEntries(target._path).Any());
        if (!isFree)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{target._path}: exists and is not an empty directory");
        }

        Directory.CreateDirectory(target._temporary);
        return target;
    }

    /// <inheritdoc/>
    public async Task AddAsync(string name, Stream content, long length, CancellationToken cancellation)
    {
        var path = Path.Join(_temporary, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await content.CopyToAsync(file, 256 * 1024, cancellation);
        if (file.Length != length)
        {
            throw new IOException($"{name}: its content has {file.Length} bytes, not {length}");
        }
    }

    /// <inheritdoc/>
    public Task FinishAsync(CancellationToken cancellation)
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path);
        }

        Directory.Move(_temporary, _path);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => FileTree.Remove(_temporary);
}
