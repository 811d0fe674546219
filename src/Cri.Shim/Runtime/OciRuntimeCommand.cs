using Cri.Linux;
using Cri.Shim.Processes;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;

namespace Cri.Shim.Runtime;

/// <summary>
/// Runs the OCI runtime on one container. Failures are UNKNOWN with the runtime's own words, DEADLINE_EXCEEDED when it hung and
/// ABORTED when something killed it.
/// </summary>
internal sealed class OciRuntimeCommand(Children children, RuntimeOptions options, string bundle, string id, TimeSpan limit)
{
    /// <summary>How long a command may take unless it is told.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(2);

    // CRIU writes the memory of every process to a disk; killing it half-way may kill what it looks at.
    private static readonly TimeSpan _checkpointLimit = TimeSpan.FromHours(1);
    private static int _lastLog;

    /// <summary>Makes the container; its pid goes to <paramref name="pidFile"/>.</summary>
    public Task CreateAsync(IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile) =>
        MakeAsync(["create"], descriptors, consolePath, pidFile);

    /// <summary>Makes the container and lets its init run, which spares a second start of the runtime; its pid goes to <paramref name="pidFile"/>.</summary>
    public Task RunAsync(IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile) =>
        MakeAsync(["run", "--detach"], descriptors, consolePath, pidFile);

    private Task MakeAsync(IReadOnlyList<string> verb, IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile)
    {
        List<string> arguments = [.. verb, "--bundle", bundle, "--pid-file", pidFile];
        AddConsole(arguments, consolePath);
        if (options.NoPivotRoot)
        {
            arguments.Add("--no-pivot");
        }

        if (options.NoNewKeyring)
        {
            arguments.Add("--no-new-keyring");
        }

        return RunAsync(arguments, descriptors, limit);
    }

    /// <summary>Lets the init run.</summary>
    public Task StartAsync() => RunAsync(["start"]);

    /// <summary>Runs one more process in the container.</summary>
    public Task ExecAsync(string processFile, IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile)
    {
        List<string> arguments = ["exec", "--process", processFile, "--detach", "--pid-file", pidFile];
        AddConsole(arguments, consolePath);
        return RunAsync(arguments, descriptors, limit);
    }

    /// <summary>Removes the container, killing what is left of it.</summary>
    public Task DeleteAsync() => RunAsync(["delete", "--force"]);

    /// <summary>Freezes the container.</summary>
    public Task PauseAsync() => RunAsync(["pause"]);

    /// <summary>Thaws the container.</summary>
    public Task ResumeAsync() => RunAsync(["resume"]);

    /// <summary>Has CRIU write the container's state to a directory, which it makes; unless told to exit, the container runs on.</summary>
    public Task CheckpointAsync(string imagePath, CheckpointOptions how)
    {
        List<string> arguments = ["checkpoint", "--image-path", imagePath];
        AddValue(arguments, "--work-path", how.WorkPath);
        AddValue(arguments, "--parent-path", how.ParentPath);
        AddValue(arguments, "--manage-cgroups-mode", how.CgroupsMode);
        AddSwitch(arguments, "--leave-running", !how.Exit);
        AddSwitch(arguments, "--tcp-established", how.OpenTcp);
        AddSwitch(arguments, "--ext-unix-sk", how.ExternalUnixSockets);
        AddSwitch(arguments, "--shell-job", how.Terminal);
        AddSwitch(arguments, "--file-locks", how.FileLocks);
        foreach (var name in how.EmptyNamespaces)
        {
            AddValue(arguments, "--empty-ns", name);
        }

        return RunAsync(arguments, new Dictionary<int, int>(), _checkpointLimit);
    }

    /// <summary>Makes the container from such a directory, running; its pid goes to <paramref name="pidFile"/>.</summary>
    public Task RestoreAsync(
        string imagePath, string workPath, IReadOnlyDictionary<int, int> descriptors, string? consolePath, string pidFile)
    {
        List<string> arguments =
            ["restore", "--detach", "--bundle", bundle, "--image-path", imagePath, "--work-path", workPath, "--pid-file", pidFile];
        AddConsole(arguments, consolePath);
        AddSwitch(arguments, "--no-pivot", options.NoPivotRoot);
        return RunAsync(arguments, descriptors, _checkpointLimit);
    }

    /// <summary>Changes limits to those of a linux.resources object.</summary>
    public async Task UpdateAsync(byte[] resources)
    {
        var file = Path.Combine(bundle, "resources.json");
        SmallFile.Write(file, resources, SmallFile.OwnerOnly);
        await RunAsync(["update", "--resources", file]);
        SmallFile.Delete(file);
    }

    private static void AddSwitch(List<string> arguments, string name, bool isOn)
    {
        if (isOn)
        {
            arguments.Add(name);
        }
    }

    private static void AddValue(List<string> arguments, string name, string value)
    {
        if (value.Length > 0)
        {
            arguments.AddRange([name, value]);
        }
    }

    private static void AddConsole(List<string> arguments, string? consolePath)
    {
        if (consolePath is not null)
        {
            arguments.AddRange(["--console-socket", consolePath]);
        }
    }

    private Task RunAsync(IReadOnlyList<string> command) => RunAsync(command, new Dictionary<int, int>(), limit);

    private async Task RunAsync(IReadOnlyList<string> command, IReadOnlyDictionary<int, int> descriptors, TimeSpan timeout)
    {
        var log = Path.Combine(bundle, $"runtime-{++_lastLog}.log");
        try
        {
            var exit = await StartAsync(command, descriptors, log, timeout);
            if (exit is not { Code: 0 })
            {
                throw Failure(command[0], exit, RuntimeLog.LastError(log), timeout);
            }
        }
        finally
        {
            SmallFile.Delete(log);
        }
    }

    private async Task<ChildExit?> StartAsync(
        IReadOnlyList<string> command, IReadOnlyDictionary<int, int> descriptors, string log, TimeSpan timeout)
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
            return await children.RunAsync(process, timeout);
        }
        catch (LinuxException e)
        {
            var code = e.IsExhausted ? TtrpcStatusCode.ResourceExhausted : TtrpcStatusCode.Unknown;
            throw new TtrpcException(code, $"OCI runtime {options.Binary} cannot be started: {e.Message}", e);
        }
    }

    private TtrpcException Failure(string verb, ChildExit? exit, string? words, TimeSpan timeout)
    {
        var (code, how) = exit switch
        {
            null => (TtrpcStatusCode.DeadlineExceeded, $"did not end within {timeout.TotalSeconds:0.###} s and was killed"),
            { Signal: not 0 } killed => (TtrpcStatusCode.Aborted, $"was killed by signal {killed.Signal}"),
            { } ended => (TtrpcStatusCode.Unknown, words ?? $"exit code {ended.Code} without a message"),
        };
        return new TtrpcException(code, $"OCI runtime {verb} of {id} failed: {how}");
    }
}
