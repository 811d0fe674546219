using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Snapshots;

/// <summary>
/// The files of an artifact in a directory, under their titles. They are hard links to the blobs, so they cost nothing and stay when
/// the artifact is removed; whoever mounts the directory must do so read-only.
/// </summary>
internal sealed class ArtifactView(StorageLayout layout)
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Makes the files, and the directories they are in, below an empty directory.</summary>
    /// <exception cref="IOException">A blob is missing, or the disk failed.</exception>
    internal void Fill(string directory, IReadOnlyList<ArtifactFile> files)
    {
        foreach (var file in files)
        {
            var path = Path.Join(directory, file.Path);
            MakeParents(directory, file.Path);
            Link(layout.Blob(file.Digest), path);
        }
    }

    private static void MakeParents(string directory, string path)
    {
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            var parent = Path.Join(directory, path[..slash]);
            Directory.CreateDirectory(parent);
            File.SetUnixFileMode(parent, DirectoryMode);
        }
    }

    // A blob with more titles than a file may have names is copied.
    private static void Link(string blob, string path)
    {
        using var blobs = PathFd.OpenDirectory(Path.GetDirectoryName(blob)!);
        using var parent = PathFd.OpenDirectory(Path.GetDirectoryName(path)!);
        try
        {
            FileTree.MakeHardLink(blobs, Encoding.UTF8.GetBytes(Path.GetFileName(blob)), parent, Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        }
        catch (LinuxException error) when (error.Error is Errno.EMLINK or Errno.EXDEV)
        {
            File.Copy(blob, path);
        }
    }
}
