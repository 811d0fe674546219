using Cri.Api.V1;
using Cri.Cli.Commands;
using Cri.Cli.Logs;
using Grpc.Core;

namespace Cri.Cli.Run;

/// <summary>
/// The life of a pod with one container under <c>crisp run</c>:
/// 1 pull the image if it is missing, 2 run the sandbox, 3 create the container, 4 start it; if any of these fails, what was
/// made is removed. In the foreground then: 5 follow the log to the end, or to Ctrl-C, which stops the container,
/// 6 stop the sandbox, and remove it all if asked.
/// </summary>
internal sealed class PodRun(Session session, RunOptions options)
{
    private const int StopGraceSeconds = 10;
    private readonly PodConfiguration _configuration = PodConfiguration.For(options);
    private string _podId = "";
    private string _containerId = "";

    /// <summary>Steps 1 to 4; prints and returns the container's id.</summary>
    public async Task<string> StartAsync()
    {
        // 1
        var image = await EnsureImageAsync();
        try
        {
            // 2
            _configuration.Logs.Create(options.Name);
            var sandbox = new RunPodSandboxRequest { Config = _configuration.Pod, RuntimeHandler = options.RuntimeHandler };
            _podId = (await CommandFailure.ExplainAsync($"run pod {options.Name}", session.Runtime.RunPodSandboxAsync(sandbox, session.Options)))
                .PodSandboxId;

            // 3
            var create = new CreateContainerRequest
            {
                PodSandboxId = _podId,
                Config = new ContainerConfig(_configuration.Container) { Image = new ImageSpec(_configuration.Container.Image) { Image = image } },
                SandboxConfig = _configuration.Pod,
            };
            _containerId = (await CommandFailure.ExplainAsync(
                $"create container {options.Name}", session.Runtime.CreateContainerAsync(create, session.Options))).ContainerId;

            // 4
            var start = new StartContainerRequest { ContainerId = _containerId };
            await CommandFailure.ExplainAsync($"start container {options.Name}", session.Runtime.StartContainerAsync(start, session.Options));
            return _containerId;
        }
        catch
        {
            await TryAsync(RemoveAsync);
            throw;
        }
    }

    /// <summary>Steps 5 and 6; returns the container's exit code.</summary>
    public async Task<int> ForegroundAsync()
    {
        try
        {
            using var log = new LogFile(Path.Combine(_configuration.Logs.Path, _configuration.Container.LogPath));
            return await FollowAsync(log);
        }
        finally
        {
            await TryAsync(options.Remove ? RemoveAsync : StopPodAsync);
        }
    }

    private async Task<string> EnsureImageAsync()
    {
        var request = new ImageStatusRequest { Image = new ImageSpec { Image = options.Image } };
        var status = await CommandFailure.ExplainAsync($"look up image {options.Image}", session.Images.ImageStatusAsync(request, session.Options));
        return status.Image?.Id ?? (await PullCommand.PullAsync(session, options.Image, auth: null)).ImageRef;
    }

    private async Task<int> FollowAsync(LogFile log)
    {
        try
        {
            return (await ContainerLog.FollowAsync(session, _containerId, log, session.Interrupted)).ExitCode;
        }
        catch (Exception) when (session.Interrupted.IsCancellationRequested)
        {
            var stop = new StopContainerRequest { ContainerId = _containerId, Timeout = StopGraceSeconds };
            await session.Runtime.StopContainerAsync(stop, Session.CleanUpOptions);
            new LogPrinter(session.Terminal).Print(log.ReadAvailable());
            var status = new ContainerStatusRequest { ContainerId = _containerId };
            return (await session.Runtime.ContainerStatusAsync(status, Session.CleanUpOptions)).Status.ExitCode;
        }
    }

    private async Task StopPodAsync() =>
        await session.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = _podId }, Session.CleanUpOptions);

    private async Task RemoveAsync()
    {
        if (_podId.Length > 0)
        {
            await StopPodAsync();
            await session.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = _podId }, Session.CleanUpOptions);
        }

        _configuration.Logs.Remove();
    }

    // A failing clean-up is told, but must not hide the failure or the exit code that led to it.
    private async Task TryAsync(Func<Task> cleanUp)
    {
        try
        {
            await cleanUp();
        }
        catch (Exception e) when (e is RpcException or IOException or UnauthorizedAccessException)
        {
            session.Terminal.WriteError($"crisp: clean up pod {options.Name}: {CommandFailure.Describe(e)}\n");
        }
    }
}
