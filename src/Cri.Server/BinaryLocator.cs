namespace Cri.Server;

/// <summary>Finds the shim: the configured path, else beside crispd, else in PATH.</summary>
public static class BinaryLocator
{
    private const string ShimName = "crisp-shim";

    /// <summary>The absolute path of the shim. Throws <see cref="StartException"/> when there is none.</summary>
    public static string Shim(string? configured)
    {
        if (configured is { Length: > 0 })
        {
            return File.Exists(configured) ? Path.GetFullPath(configured) : throw new StartException($"shim.path {configured}: no such file");
        }

        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Prepend(Path.GetDirectoryName(Environment.ProcessPath) ?? "/");
        return directories.Where(Path.IsPathRooted).Select(directory => Path.Combine(directory, ShimName)).FirstOrDefault(File.Exists)
            ?? throw new StartException($"{ShimName} is neither beside crispd nor in PATH; name it with shim.path");
    }
}
