namespace Cri.Testing;

/// <summary>A directory that is removed, with all that is in it, on Dispose.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Makes it under <paramref name="parent"/>, by default the system's place for temporary files.</summary>
    public TemporaryDirectory(string purpose, string? parent = null)
    {
        parent ??= System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent, $"crisp-{purpose}-{Guid.NewGuid():N}"[..(purpose.Length + 15)]);
        Directory.CreateDirectory(Path);
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Writes a file in it, making directories as needed; returns the file's path.</summary>
    public string File(string name, string content)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
