using Cri.Linux;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A directory of its own for one test, gone afterwards.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("crisp-images-").FullName;

    public string Path { get; }

    public string Join(params string[] parts) => System.IO.Path.Join([Path, .. parts]);

    public void Dispose() => FileTree.Remove(Path);
}
