namespace Cri.Testing.Crispd;

/// <summary>The published binaries.</summary>
public static class Artifacts
{
    /// <summary>The repository's top directory.</summary>
    public static string Repository { get; } = Above(AppContext.BaseDirectory);

    /// <summary>The path of a binary in artifacts/bin. Throws when ./build has not been run.</summary>
    public static string Binary(string name)
    {
        var path = Path.Combine(Repository, "artifacts", "bin", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing; run ./build first", path);
    }

    private static string Above(string directory) => File.Exists(Path.Combine(directory, "Cri.sln"))
        ? directory
        : Above(Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("no Cri.sln above the tests' binaries"));
}
