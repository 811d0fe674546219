using Cri.Server.Configuration;

namespace Cri.Server;

/// <summary>The directories that must stand before anything else does.</summary>
public static class NodeDirectories
{
    private const UnixFileMode Passable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes root and state directory. Throws <see cref="StartException"/> naming the one that cannot be made.</summary>
    public static void Create(CrispConfiguration configuration)
    {
        Create("root", configuration.Root);
        Create("state", configuration.State);
        Create("state", Path.Combine(configuration.State, "pods"));
    }

    private static void Create(string key, string path)
    {
        try
        {
            Directory.CreateDirectory(path, Passable);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{key} directory {path}: {error.Message}");
        }
    }
}
