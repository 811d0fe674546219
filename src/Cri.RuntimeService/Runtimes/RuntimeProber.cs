using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cri.Linux;

namespace Cri.RuntimeService.Runtimes;

/// <summary>Finds out whether an OCI runtime works on this host, by running a container with it.</summary>
internal sealed class RuntimeProber(string stateDirectory, bool systemdCgroup, TimeSpan timeout)
{
    private const int SigTerm = 15;
    private const int LongestError = 1024;
    private const string EndedEarly = "the container's process ended before it ran its program";
    private static readonly TimeSpan _lookPause = TimeSpan.FromMilliseconds(2);

    /// <summary>Probes a runtime. What is wrong with it is in the result.</summary>
    internal async Task<RuntimeProbe> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var version = await RunAsync(path, cancellationToken, "--version");
            var features = await RunAsync(path, cancellationToken, "features");
            var error = await TryContainerAsync(path, cancellationToken);
            if (error == EndedEarly)
            {
                // What was being started at that instant may have held the program open, which was just written (ETXTBSY, execve(2)).
                error = await TryContainerAsync(path, cancellationToken);
            }

            return new RuntimeProbe
            {
                Passed = error.Length == 0,
                Error = error,
                Version = RuntimeFacts.Version(version.Output.Span),
                Features = features.Exit.Code == 0 ? RuntimeFacts.Features(features.Output) : null,
            };
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return new RuntimeProbe { Passed = false, Error = e.Message, Inconclusive = e is TimeoutException };
        }
    }

    /// <summary>Removes what probes left behind that were killed half-way.</summary>
    internal async Task SweepAsync()
    {
        foreach (var directory in Directory.GetDirectories(stateDirectory, ProbeBundle.Prefix + "*"))
        {
            await ProbeCgroup.RemoveAsync(Path.GetFileName(directory));
            Directory.Delete(directory, recursive: true);
        }
    }

    // Create, start, see it run, end it, delete it: the first step that fails is the answer.
    private async Task<string> TryContainerAsync(string path, CancellationToken cancellationToken)
    {
        using var bundle = new ProbeBundle(stateDirectory, systemdCgroup);
        try
        {
            var error = await StepAsync(
                path, bundle, cancellationToken, "create", "--bundle", bundle.Path, "--pid-file", bundle.PidPath, bundle.Id);
            if (error.Length > 0)
            {
                return error;
            }

            using var process = PidFd.Open(Pid(bundle));
            error = await StepAsync(path, bundle, cancellationToken, "start", bundle.Id);
            if (error.Length == 0)
            {
                error = await Task.Factory.StartNew(() => SeeItRun(process, Pid(bundle)), TaskCreationOptions.LongRunning);
            }

            return error.Length > 0 ? error : await StepAsync(path, bundle, cancellationToken, "delete", bundle.Id);
        }
        finally
        {
            await RemoveAsync(path, bundle);
        }
    }

    // Under no token of the caller's: a clean-up that was cancelled is none.
    private async Task RemoveAsync(string path, ProbeBundle bundle)
    {
        try
        {
            if (Directory.Exists(Path.Combine(bundle.RuntimeRoot, bundle.Id)))
            {
                await StepAsync(path, bundle, CancellationToken.None, "delete", "--force", bundle.Id);
            }
        }
        catch (TimeoutException)
        {
            // What the runtime cannot clean up goes with the cgroup.
        }

        await ProbeCgroup.RemoveAsync(bundle.Id);
    }

    // The runtime's own process turns into the container's by execve(2), and then has its name.
    private string SeeItRun(Fd process, int pid)
    {
        Span<PollEntry> ended = [new PollEntry(process.Number, PollEvents.Readable)];
        var isAsked = false;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < timeout;)
        {
            if (Poll.Wait(ended, _lookPause) > 0)
            {
                return isAsked ? "" : EndedEarly;
            }

            // Asked again and again: the kernel spares the init of a PID namespace a signal that it has no handler for yet.
            if (isAsked || Name(pid) == ProbeBundle.ProcessName)
            {
                PidFd.Signal(process, SigTerm);
                isAsked = true;
            }
        }

        throw new TimeoutException(isAsked ? "the container's process did not end on SIGTERM" : "the container's process did not run its program");
    }

    private static string Name(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd();
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }

    private async Task<string> StepAsync(string path, ProbeBundle bundle, CancellationToken cancellationToken, params string[] arguments)
    {
        string[] global = ["--root", bundle.RuntimeRoot, "--log", bundle.LogPath, "--log-format", "json"];
        string[] driver = systemdCgroup ? ["--systemd-cgroup"] : [];
        var result = await RunAsync(path, cancellationToken, [.. global, .. driver, .. arguments]);
        return result.End switch
        {
            CommandEnd.Exited when result.Exit.Code == 0 => "",
            CommandEnd.TimedOut => throw new TimeoutException($"{arguments[0]}: did not end within {timeout.TotalSeconds:0.###} s and was killed"),
            _ => $"{arguments[0]}: {Words(result, bundle)}",
        };
    }

    private async Task<CommandResult> RunAsync(string path, CancellationToken cancellationToken, params string[] arguments)
    {
        var result = await Command.RunAsync(
            new CommandOptions { Path = path, Arguments = [path, .. arguments], Timeout = timeout }, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return result;
    }

    private static string Words(CommandResult result, ProbeBundle bundle)
    {
        if (result.End != CommandEnd.Exited)
        {
            return "printed without end";
        }

        var log = File.Exists(bundle.LogPath) ? File.ReadLines(bundle.LogPath) : [];
        var words = log.Select(LoggedError).LastOrDefault(line => line.Length > 0)
            ?? Encoding.UTF8.GetString(result.ErrorOutput.Span).Trim();
        return words.Length == 0
            ? $"exited with {result.Exit.Code}"
            : words[..Math.Min(words.Length, LongestError)].ReplaceLineEndings(" ");
    }

    private static string LoggedError(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            var level = entry.RootElement.GetProperty("level").GetString();
            return level is "error" or "fatal" or "panic" ? entry.RootElement.GetProperty("msg").GetString() ?? "" : "";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "";
        }
    }

    private static int Pid(ProbeBundle bundle) => int.Parse(File.ReadAllText(bundle.PidPath), CultureInfo.InvariantCulture);
}
