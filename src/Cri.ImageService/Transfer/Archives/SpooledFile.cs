using Cri.Linux;
using Microsoft.Win32.SafeHandles;

namespace Cri.ImageService.Transfer.Archives;

/// <summary>
/// A file without a name, for what must be read more than once but comes only once. It takes space on the file system of the
/// images, and is gone when its handle is closed, whatever happens.
/// </summary>
internal static class SpooledFile
{
    /// <summary>A new, empty file.</summary>
    internal static SafeFileHandle Create(StorageLayout layout)
    {
        // A crash between the two lines leaves a temporary name that the next start sweeps.
        var path = StorageLayout.Unfinished(layout.Images);
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        return handle;
    }

    /// <summary>
    /// Takes down all of <paramref name="source"/>; <paramref name="check"/> is told how many bytes that are, and throws when
    /// they are too many. The handle is the caller's.
    /// </summary>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    internal static SafeFileHandle Of(StorageLayout layout, Stream source, Action<long> check, CancellationToken cancellation)
    {
        var handle = Create(layout);
        try
        {
            var buffer = new byte[256 * 1024];
            long offset = 0;
            int count;
            while ((count = source.Read(buffer)) > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                RandomAccess.Write(handle, buffer.AsSpan(0, count), offset);
                offset += count;
                check(offset);
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
