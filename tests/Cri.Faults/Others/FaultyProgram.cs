namespace Cri.Faults.Others;

/// <summary>
/// A program in front of a real one, which does something else instead for the verbs it is told of: an OCI runtime's command, or
/// CNI_COMMAND of a plugin.
/// </summary>
/// <param name="directory">Where it lies; also where it reads what to do.</param>
/// <param name="name">Its name.</param>
/// <param name="real">The path of the real one.</param>
public sealed class FaultyProgram(string directory, string name, string real)
{
    // What a fault does lies in DIRECTORY/VERB as shell text; $real, $log and $input are set, and "$@" are the arguments.
    private const string Script = """
        #!/bin/sh
        d=DIRECTORY real=REAL verb=$CNI_COMMAND log=/dev/null
        if [ -z "$verb" ]; then
            previous=
            for argument in "$@"; do
                case $previous in --log) log=$argument ;; esac
                case $argument in create|run|start|exec|delete|update|kill|state) verb=$argument; break ;; esac
                previous=$argument
            done
        else
            input=$d/input.$$
            cat >"$input"
        fi
        if [ -n "$verb" ] && [ -f "$d/NAME.$verb" ]; then . "$d/NAME.$verb"; fi
        [ -z "$input" ] || { exec <"$input"; rm -f "$input"; }
        exec "$real" "$@"
        """;

    /// <summary>Its path.</summary>
    public string Path => System.IO.Path.Combine(directory, name);

    /// <summary>Writes it.</summary>
    public void Install()
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path, Script.Replace("DIRECTORY", directory, StringComparison.Ordinal)
            .Replace("REAL", real, StringComparison.Ordinal).Replace("NAME", name, StringComparison.Ordinal));
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>From now on this shell text runs before the real one, at a verb.</summary>
    public void At(string verb, string text)
    {
        var file = $"{Path}.{verb}";
        File.WriteAllText(file + ".new", text + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>It does as the real one at every verb.</summary>
    public void Heal()
    {
        foreach (var file in Directory.EnumerateFiles(directory).Where(file => file.StartsWith(Path + ".", StringComparison.Ordinal)))
        {
            File.Delete(file);
        }
    }
}
