using Cri.Linux.Scripts;
using Cri.Oci.Runtime;

namespace Cri.RuntimeService.Execs;

/// <summary>How a process that is made without an OCI runtime becomes its command: environment, PATH, execve(2).</summary>
internal static class ExecCommand
{
    private const string Home = "HOME";
    private const string Path = "PATH";

    /// <summary>Becomes the command.</summary>
    /// <exception cref="ArgumentException">The environment or PATH is one that needs a closer look.</exception>
    /// <param name="script">What does it.</param>
    /// <param name="process">The process to make.</param>
    /// <param name="init">The container's first process.</param>
    public static void Execute(SystemCallScript script, ProcessSpec process, int init)
    {
        var variables = Variables(process);
        var (arguments, environment) = (script.Texts(process.Args), script.Texts(Environment(process, variables, init)));
        var command = process.Args[0];
        var candidates = command.Contains('/') ? [command] : Directories(variables).Select(directory => $"{directory}/{command}").ToArray();
        foreach (var candidate in candidates[..^1])
        {
            script.Try(SystemCall.Execute, script.Text(candidate), arguments, environment);
        }

        script.Must(SystemCall.Execute, script.Text(candidates[^1]), arguments, environment);
    }

    private static Dictionary<string, string> Variables(ProcessSpec process)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in process.Env)
        {
            if (variable.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var end) || !variables.TryAdd(variable[..end], variable[(end + 1)..]))
            {
                throw new ArgumentException($"\"{variable}\" is no variable, or one that is there already");
            }
        }

        return variables;
    }

    private static IReadOnlyList<string> Environment(ProcessSpec process, Dictionary<string, string> variables, int init) =>
        variables.ContainsKey(Home) ? process.Env : [.. process.Env, $"{Home}={HomeDirectory.Of(init, process.User.Uid)}"];

    private static string[] Directories(Dictionary<string, string> variables)
    {
        var path = variables.GetValueOrDefault(Path, "");
        return path.Split(':') is var directories && directories.All(directory => directory.StartsWith('/'))
            ? directories
            : throw new ArgumentException($"PATH has a directory that is not absolute: \"{path}\"");
    }
}
