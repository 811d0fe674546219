namespace Cri.Linux;

/// <summary>
/// What programs that we start see of our own environment: the variables by which they find programs, directories, the system's
/// bus and their language, and those of the Go and .NET run times. All others stay here, since they may hold secrets: a proxy's
/// password, for one.
/// </summary>
public static class ChildEnvironment
{
    private static readonly HashSet<string> _names = new(StringComparer.Ordinal)
    {
        "PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LD_LIBRARY_PATH",
        "DBUS_SYSTEM_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
        "KUBECONFIG",
        "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK",
    };

    private static readonly string[] _prefixes = ["LC_", "KUBERNETES_", "DOTNET_", "CRISP_"];

    /// <summary>The variables to hand on, as NAME=value.</summary>
    public static IReadOnlyList<string> Read()
    {
        var variables = Environment.GetEnvironmentVariables();
        return [.. variables.Keys.Cast<string>().Where(IsHandedOn).Select(name => $"{name}={variables[name]}")];
    }

    private static bool IsHandedOn(string name) =>
        _names.Contains(name) || _prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
