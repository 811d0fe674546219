namespace Cri.Testing.Crispd;

/// <summary>The published binaries.</summary>
public static class Artifacts
{
    /// <summary>The repository's top directory.</summary>
    public static string Repository { get; } = Above(AppContext.BaseDirectory);

    /// <summary>The path of a binary in artifacts/bin, or in the directory CRISP_BIN. Throws when ./build has not been run.</summary>
    public static string Binary(string name)
    {
        var path = Path.Combine(Environment.GetEnvironmentVariable("CRISP_BIN") ?? Path.Combine(Repository, "artifacts", "bin"), name);
        return System.IO.File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing; run ./build first", path);
    }

    /// <summary>The path of a file below artifacts/ that a test leaves for whoever looks at the run.</summary>
    public static string File(string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(Repository, "artifacts")).FullName, name);

    private static string Above(string directory) => System.IO.File.Exists(Path.Combine(directory, "Cri.sln"))
        ? directory
        : Above(Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("no Cri.sln above the tests' binaries"));
}
