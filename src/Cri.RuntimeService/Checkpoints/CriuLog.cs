namespace Cri.RuntimeService.Checkpoints;

/// <summary>What CRIU itself says about a failure, which the OCI runtime keeps to itself.</summary>
internal static class CriuLog
{
    private const int Lines = 3;

    /// <summary>The first errors in a log, after ": "; empty when there are none.</summary>
    public static string Errors(string directory, string name)
    {
        try
        {
            // The first is the cause, except for one about limits that a restricted root always meets.
            var errors = File.ReadLines(Path.Join(directory, name))
                .Where(line => line.Contains("Error (", StringComparison.Ordinal) && !line.Contains("RLIMIT_NOFILE", StringComparison.Ordinal))
                .Take(Lines)
                .Select(line => line[(line.IndexOf("): ", StringComparison.Ordinal) + 3)..].Trim());
            var text = string.Join("; ", errors);
            return text.Length == 0 ? "" : $": CRIU: {text}";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
