using System.Text.Json;
using Cri.Api.V1;

namespace Cri.Testing.Pods;

/// <summary>A container of a test's pod; it goes with the pod.</summary>
/// <param name="Pod">Its pod.</param>
/// <param name="Config">What it was asked to be.</param>
/// <param name="Id">Its id.</param>
public sealed record TestContainer(TestPod Pod, ContainerConfig Config, string Id)
{
    private RuntimeService.RuntimeServiceClient Runtime => Pod.Endpoint.Runtime;

    /// <summary>Its log file on the host.</summary>
    public string LogPath => Path.Combine(Pod.Config.LogDirectory, Config.LogPath);

    /// <summary>The lines in its log file so far.</summary>
    public IReadOnlyList<LogLine> Log => File.Exists(LogPath) ? LogLine.ReadAll(LogPath) : [];

    /// <summary>What it wrote to both streams so far, without the last line's end.</summary>
    public string Output => string.Concat(Log.Select(line => line.IsPartial ? line.Text : line.Text + "\n")).TrimEnd('\n');

    /// <summary>StartContainer.</summary>
    public async Task StartAsync() => await Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = Id });

    /// <summary>StopContainer with a timeout in seconds.</summary>
    public async Task StopAsync(int timeout) =>
        await Runtime.StopContainerAsync(new StopContainerRequest { ContainerId = Id, Timeout = timeout });

    /// <summary>RemoveContainer.</summary>
    public async Task RemoveAsync() => await Runtime.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = Id });

    /// <summary>ContainerStatus.</summary>
    public async Task<ContainerStatus> StatusAsync() =>
        (await Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = Id })).Status;

    /// <summary>ContainerStats.</summary>
    public async Task<ContainerStats> StatsAsync() =>
        (await Runtime.ContainerStatsAsync(new ContainerStatsRequest { ContainerId = Id })).Stats;

    /// <summary>The machine's number of its first process, which crispd tells.</summary>
    public async Task<int> PidAsync()
    {
        var answer = await Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = Id, Verbose = true });
        using var info = JsonDocument.Parse(answer.Info["info"]);
        return info.RootElement.GetProperty("pid").GetInt32();
    }

    /// <summary>Waits until it has exited; returns its status then.</summary>
    public Task<ContainerStatus> ExitAsync() =>
        Eventually.GetAsync(StatusAsync, status => status.State == ContainerState.ContainerExited, $"container {Id} exits");

    /// <summary>Waits until its log has a line with this text.</summary>
    public Task<IReadOnlyList<LogLine>> LoggedAsync(string text) =>
        Eventually.GetAsync(() => Task.FromResult(Log), log => log.Any(line => line.Text.Contains(text, StringComparison.Ordinal)), $"\"{text}\" is logged");

    /// <summary>ExecSync with a timeout in seconds, 0 for none.</summary>
    public async Task<ExecSyncResponse> ExecAsync(IEnumerable<string> command, int timeout = 0)
    {
        var request = new ExecSyncRequest { ContainerId = Id, Timeout = timeout };
        request.Cmd.Add(command);
        return await Runtime.ExecSyncAsync(request);
    }

    /// <summary>Runs a shell script in it; returns its standard output without the last line's end.</summary>
    public async Task<string> ShellAsync(string script) =>
        (await ExecAsync(["sh", "-c", script])).Stdout.ToStringUtf8().TrimEnd('\n');
}
