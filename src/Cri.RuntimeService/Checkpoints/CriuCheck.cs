using System.Text;
using System.Text.RegularExpressions;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>
/// Whether CRIU can work on this node: it is there, new enough to leave a container in a pod's namespaces running (3.16), and
/// finds what it needs in the kernel. Asked once for each file that PATH leads to.
/// </summary>
public sealed partial class CriuCheck
{
    private const int MinVersion = 31600;
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(20);
    private Answer? _last;

    /// <summary>Throws FAILED_PRECONDITION with the cause when CRIU is missing, too old or of no use with this kernel.</summary>
    /// <param name="operation">What needs it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RequireAsync(string operation, CancellationToken cancellationToken)
    {
        var path = Find() ?? throw CriError.Precondition($"{operation}: CRIU is missing: there is no program \"criu\" in PATH");
        var changed = File.GetLastWriteTimeUtc(path);
        var last = Volatile.Read(ref _last);
        if (last?.Path != path || last.Changed != changed)
        {
            last = new Answer(path, changed, await ExamineAsync(operation, path, cancellationToken));
            Volatile.Write(ref _last, last);
        }

        if (last.Trouble is { } trouble)
        {
            throw CriError.Precondition($"{operation}: {trouble}");
        }
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, "criu"))
        .FirstOrDefault(File.Exists);

    private static async Task<string?> ExamineAsync(string operation, string path, CancellationToken cancellationToken)
    {
        var (isOk, said) = await RunAsync(operation, path, "--version", cancellationToken);
        var match = VersionLine().Match(said);
        if (!isOk || !match.Success)
        {
            return $"{path} does not tell its version: {said}";
        }

        var version = (Number(match, 1) * 10_000) + (Number(match, 2) * 100) + Number(match, 3);
        if (version < MinVersion)
        {
            return $"CRIU is too old: {path} is {match.Value.Trim()}, at least 3.16 is needed";
        }

        (isOk, said) = await RunAsync(operation, path, "check", cancellationToken);
        return isOk ? null : $"CRIU ({path}) cannot work with this kernel: {said}";
    }

    private static int Number(Match match, int group) =>
        int.TryParse(match.Groups[group].ValueSpan, out var number) ? number : 0;

    private static async Task<(bool IsOk, string Said)> RunAsync(
        string operation, string path, string argument, CancellationToken cancellationToken)
    {
        var options = new CommandOptions { Path = path, Arguments = [path, argument], Timeout = _bound };
        try
        {
            var result = await Command.RunAsync(options, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            if (result.End == CommandEnd.TimedOut)
            {
                // Not kept as the answer: the node has much to do just now.
                throw CriError.Precondition($"{operation}: {path} {argument} did not end within {_bound.TotalSeconds:0} s");
            }

            var said = Encoding.UTF8.GetString(result.Output.Span) + Encoding.UTF8.GetString(result.ErrorOutput.Span);
            var isOk = result is { End: CommandEnd.Exited, Exit.Code: 0 };
            return (isOk, said.Length > 0 || isOk ? said.Trim().ReplaceLineEndings("; ") : $"{result.End}, {result.Exit}");
        }
        catch (LinuxException error)
        {
            return (false, error.Message);
        }
    }

    [GeneratedRegex(@"Version: (\d+)\.(\d+)(?:\.(\d+))?")]
    private static partial Regex VersionLine();

    private sealed record Answer(string Path, DateTime Changed, string? Trouble);
}
