using Cri.Api.V1;

namespace Cri.Cli.Run;

/// <summary>The value of <c>-e</c>: NAME=value, or NAME for the value it has here.</summary>
internal static class EnvironmentVariable
{
    /// <summary>Reads a value; null for a NAME that is not set here. Throws CommandFailure when there is no name.</summary>
    public static KeyValue? Parse(string text) => text.Split('=', 2) switch
    {
        [{ Length: > 0 } name, var value] => new KeyValue { Key = name, Value = value },
        [{ Length: > 0 } name] => Environment.GetEnvironmentVariable(name) is { } value ? new KeyValue { Key = name, Value = value } : null,
        _ => throw CommandFailure.OfUsage($"-e {text}", "expected NAME=VALUE or NAME"),
    };
}
