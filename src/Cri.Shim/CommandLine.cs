using System.Globalization;

namespace Cri.Shim;

/// <summary>The command line: flags of containerd's shim protocol, in Go's spelling with one dash or two, and an action.</summary>
internal sealed class CommandLine
{
    private static readonly string[] _switches = ["debug", "v", "version", "info"];

    private readonly Dictionary<string, string> _flags = [];

    private CommandLine()
    {
    }

    /// <summary>"serve", "start", "delete"; empty when none is given.</summary>
    public string Action { get; private set; } = string.Empty;

    /// <summary>The container or pod.</summary>
    public string Id => _flags.GetValueOrDefault("id", string.Empty);

    /// <summary>The bundle or pod directory; the working directory when it is not named.</summary>
    public string Bundle => _flags.TryGetValue("bundle", out var bundle) ? Path.GetFullPath(bundle) : Environment.CurrentDirectory;

    /// <summary>containerd's namespace; null without containerd.</summary>
    public string? Namespace => _flags.GetValueOrDefault("namespace");

    /// <summary>containerd's address.</summary>
    public string Address => _flags.GetValueOrDefault("address", string.Empty);

    /// <summary>The socket file to remove at the end; null when its maker does that.</summary>
    public string? Socket => _flags.GetValueOrDefault("socket");

    /// <summary>How long a command of the OCI runtime may take; null when it is not told.</summary>
    public TimeSpan? RuntimeLimit => _flags.TryGetValue("runtime-timeout", out var seconds)
        ? TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture))
        : null;

    /// <summary>Only the version is asked for.</summary>
    public bool IsVersion => _flags.ContainsKey("v") || _flags.ContainsKey("version");

    /// <summary>Takes arguments apart. Throws an <see cref="ArgumentException"/> for a flag without its value.</summary>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith('-'))
            {
                line.Action = arguments[i];
                continue;
            }

            var parts = arguments[i].TrimStart('-').Split('=', 2);
            line._flags[parts[0]] = parts.Length == 2 ? parts[1]
                : _switches.Contains(parts[0]) ? "true"
                : i + 1 < arguments.Count ? arguments[++i]
                : throw new ArgumentException($"flag {arguments[i]} has no value");
        }

        return line;
    }
}
