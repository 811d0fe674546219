using System.IO.Pipelines;
using Cri.Linux;

namespace Cri.ImageService.Images;

/// <summary>A blob that has no name yet. Disposing removes it, unless it was published.</summary>
internal sealed class StagedBlob(string temporary, string path) : IDisposable
{
    // How far a download may run ahead of the disk, in bytes.
    private const int Window = 1 << 20;

    // A volume shows the file itself, to users of all kinds, and read-only.
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Takes the content from <paramref name="copy"/>, and makes it durable.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    internal async Task FillAsync(Func<PipeWriter, Task> copy)
    {
        await using var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var pipe = new System.IO.Pipelines.Pipe(new PipeOptions(pauseWriterThreshold: Window, resumeWriterThreshold: Window / 2, useSynchronizationContext: false));
        var storing = StoreAsync(pipe.Reader, file);
        try
        {
            await copy(pipe.Writer);
        }
        finally
        {
            await pipe.Writer.CompleteAsync();
            await storing;
        }

        File.SetUnixFileMode(file.SafeFileHandle, Mode);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Gives it its name; a file that has the name already, with the same content, gives way.</summary>
    internal void Publish()
    {
        File.Move(temporary, path, overwrite: true);
        SyncFs.Directory(Path.GetDirectoryName(path)!);
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(temporary);

    // A disk that fails ends the download, and tells why.
    private static async Task StoreAsync(PipeReader reader, FileStream file)
    {
        try
        {
            await reader.CopyToAsync(file);
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }
}
