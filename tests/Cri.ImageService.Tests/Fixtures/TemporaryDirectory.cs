using Cri.Linux;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A directory of its own for one test, gone afterwards.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory()
        : this(System.IO.Path.GetTempPath())
    {
    }

    private TemporaryDirectory(string parent)
    {
        Path = System.IO.Path.Join(parent, $"crisp-images-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>In memory, where no other test's writing to the disk slows it down.</summary>
    public static TemporaryDirectory InMemory() => new("/dev/shm");

    public string Path { get; }

    public string Join(params string[] parts) => System.IO.Path.Join([Path, .. parts]);

    public void Dispose() => FileTree.Remove(Path);
}
