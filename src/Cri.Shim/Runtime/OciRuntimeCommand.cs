using Cri.Linux;
using Cri.Shim.Processes;
using Cri.Ttrpc;

namespace Cri.Shim.Runtime;

/// <summary>
/// Runs the OCI runtime on one container. Failures are UNKNOWN with the runtime's own words.
/// </summary>
internal sealed class OciRuntimeCommand(Children children, RuntimeOptions options, string bundle, string id)
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);
    private static int _lastLog;

    /// <summary>Makes the container; its pid goes to <paramref name="pidFile"/>.</summary>
    public Task CreateAsync(IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile)
    {
        List<string> arguments = ["create", "--bundle", bundle, "--pid-file", pidFile];
        AddConsole(arguments, consolePath);
        if (options.NoPivotRoot)
        {
            arguments.Add("--no-pivot");
        }

        if (options.NoNewKeyring)
        {
            arguments.Add("--no-new-keyring");
        }

        return RunAsync(arguments, descriptors);
    }

    /// <summary>Lets the init run.</summary>
    public Task StartAsync() => RunAsync(["start"]);

    /// <summary>Runs one more process in the container.</summary>
    public Task ExecAsync(string processFile, IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile)
    {
        List<string> arguments = ["exec", "--process", processFile, "--detach", "--pid-file", pidFile];
        AddConsole(arguments, consolePath);
        return RunAsync(arguments, descriptors);
    }

    /// <summary>Removes the container, killing what is left of it.</summary>
    public Task DeleteAsync() => RunAsync(["delete", "--force"]);

    /// <summary>Freezes the container.</summary>
    public Task PauseAsync() => RunAsync(["pause"]);

    /// <summary>Thaws the container.</summary>
    public Task ResumeAsync() => RunAsync(["resume"]);

    /// <summary>Changes limits to those of a linux.resources object.</summary>
    public async Task UpdateAsync(byte[] resources)
    {
        var file = Path.Combine(bundle, "resources.json");
        SmallFile.Write(file, resources);
        await RunAsync(["update", "--resources", file]);
        File.Delete(file);
    }

    private static void AddConsole(List<string> arguments, string? consolePath)
    {
        if (consolePath is not null)
        {
            arguments.AddRange(["--console-socket", consolePath]);
        }
    }

    private Task RunAsync(IReadOnlyList<string> command) => RunAsync(command, new Dictionary<int, int>());

    private async Task RunAsync(IReadOnlyList<string> command, IReadOnlyDictionary<int, int> descriptors)
    {
        var log = Path.Combine(bundle, $"runtime-{++_lastLog}.log");
        try
        {
            var exit = await StartAsync(command, descriptors, log);
            if (exit is not { Code: 0 })
            {
                throw new TtrpcException(TtrpcStatusCode.Unknown, Failure(command[0], exit, RuntimeLog.LastError(log)));
            }
        }
        finally
        {
            File.Delete(log);
        }
    }

    private async Task<ChildExit?> StartAsync(IReadOnlyList<string> command, IReadOnlyDictionary<int, int> descriptors, string log)
    {
        List<string> arguments = [options.Binary, "--log", log, "--log-format", "json"];
        if (options.Root is not null)
        {
            arguments.AddRange(["--root", options.Root]);
        }

        if (options.SystemdCgroup)
        {
            arguments.Add("--systemd-cgroup");
        }

        try
        {
            var process = new ChildProcessOptions
            {
                Path = options.Binary,
                Arguments = [.. arguments, .. command, id],
                Descriptors = descriptors,
                WorkingDirectory = bundle,

                // Its own session, and so a process group that an exec can be killed by: crun makes none for it.
                NewSession = true,
            };
            return await children.RunAsync(process, _limit);
        }
        catch (LinuxException e)
        {
            throw new TtrpcException(TtrpcStatusCode.Unknown, $"OCI runtime {options.Binary} cannot be started: {e.Message}", e);
        }
    }

    private string Failure(string verb, ChildExit? exit, string? words)
    {
        var how = exit is { } ended
            ? words ?? $"exit code {ended.Code} without a message"
            : $"did not end within {_limit.TotalMinutes} minutes and was killed";
        return $"OCI runtime {verb} of {id} failed: {how}";
    }
}
